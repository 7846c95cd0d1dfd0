"""The agent: a model, instructions and tools, and the ways to run them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import replace
from functools import partial
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

import anyio
import anyio.to_thread
from typing_extensions import Unpack

from agentkit.agent_tool import AgentTool
from agentkit.batch import BatchItem, open_batch
from agentkit.compaction import Compaction
from agentkit.context import DepsT, RunContext
from agentkit.errors import ToolDefinitionError, UserError
from agentkit.events import Event
from agentkit.handover import follow
from agentkit.hooks import Hooks
from agentkit.journal import open_journal
from agentkit.loop import execute
from agentkit.messages import Message, UserMessage
from agentkit.models import load_model
from agentkit.models.base import Emit, Model
from agentkit.observer import Observer
from agentkit.options import AgentOptions, RunOptions, check_kinds, check_names, check_options
from agentkit.output import ToolOutput, Validator, collect_outputs
from agentkit.override import Overrides, overrides, overriding
from agentkit.report import PromptReport, prompt_report
from agentkit.result import AgentRunResult, OutputT
from agentkit.run import Plan
from agentkit.settings import ModelSettings
from agentkit.start import begin, check_start
from agentkit.stream import EventStream, StreamBlock
from agentkit.tasks import refuse_running_loop
from agentkit.tools import Tool, ToolFunction, add_tool, checked_choice, collect_tools
from agentkit.usage import UsageLimits

if TYPE_CHECKING:
    from typing_extensions import TypeForm

FunctionT = TypeVar("FunctionT", bound=ToolFunction)
ParamsT = ParamSpec("ParamsT")
ReturnT = TypeVar("ReturnT")


class Agent(Generic[DepsT, OutputT]):
    """Answers prompts with a model that may call tools.

    model               "bundled", a local folder or hub id of a diffusion checkpoint, or a `Model`; a name is opened
                        when it is first needed
    instructions        what the model is told before everything else
    tools               functions, or `Tool` objects
    output_type         what `result.output` is: str, any type that JSON can hold, a union or a list of such, or
                        functions, whose parameters the model gives and whose value is the output; the canvas is held
                        to it
    deps_type           the type of `deps`, which tools find in their `RunContext`; for type checkers
    model_settings      settings of every run; those of a run go on top
    usage_limits        what a run may spend, by default `UsageLimits()`
    retries             how many wrong calls in a row of one tool, or wrong answers, the model may correct
    tool_timeout        seconds after which a tool's call is given up; a tool's own `timeout` goes before it
    name                what the agent is called
    max_parallel_tools  how many calls of one turn run side by side
    hooks               functions that are called as a run goes on
    compaction          what shortens a conversation before a turn: `DropOldResults`, `Summarise`, or a function
    observer            who looks on at its runs, such as a `Telemetry`

    An agent holds no state of its runs: one may serve many at once, from many threads.
    """

    @overload
    def __init__(
        self: Agent[DepsT, str], model: str | Model = "bundled", **options: Unpack[AgentOptions[DepsT]]
    ) -> None: ...
    @overload
    def __init__(
        self,
        model: str | Model = "bundled",
        *,
        output_type: TypeForm[OutputT],
        **options: Unpack[AgentOptions[DepsT]],
    ) -> None: ...
    @overload
    def __init__(
        self,
        model: str | Model = "bundled",
        *,
        output_type: ToolOutput[OutputT],
        **options: Unpack[AgentOptions[DepsT]],
    ) -> None: ...
    @overload
    def __init__(
        self,
        model: str | Model = "bundled",
        *,
        output_type: Callable[..., Awaitable[OutputT]],
        **options: Unpack[AgentOptions[DepsT]],
    ) -> None: ...
    @overload
    def __init__(
        self,
        model: str | Model = "bundled",
        *,
        output_type: Callable[..., OutputT],
        **options: Unpack[AgentOptions[DepsT]],
    ) -> None: ...
    @overload
    def __init__(
        self: Agent[DepsT, Any],
        model: str | Model = "bundled",
        *,
        output_type: Sequence[Any],
        **options: Unpack[AgentOptions[DepsT]],
    ) -> None: ...
    def __init__(
        self,
        model: str | Model = "bundled",
        *,
        instructions: str = "",
        tools: Iterable[Tool | ToolFunction] = (),
        output_type: Any = str,
        deps_type: type[DepsT] | None = None,
        model_settings: ModelSettings | None = None,
        usage_limits: UsageLimits | None = None,
        retries: int = 1,
        tool_timeout: float | None = None,
        name: str | None = None,
        max_parallel_tools: int = 8,
        hooks: Hooks | None = None,
        compaction: Compaction | None = None,
        observer: Observer | None = None,
    ) -> None:
        numbers = (retries, max_parallel_tools, 1 if tool_timeout is None else tool_timeout)
        are_numbers = all(isinstance(number, Real) for number in numbers)
        if not (are_numbers and retries >= 0 and max_parallel_tools >= 1 and numbers[2] > 0):
            raise UserError(
                f"Agent: retries are at least 0, max_parallel_tools at least 1, tool_timeout above 0 seconds, not "
                f"{retries!r}, {max_parallel_tools!r} and {tool_timeout!r}."
            )
        check_kinds(
            {
                "model": model,
                "instructions": instructions,
                "model_settings": model_settings,
                "usage_limits": usage_limits,
                "hooks": hooks,
                "compaction": compaction,
                "observer": observer,
            }
        )
        self._model = model
        self._outputs = collect_outputs(output_type)
        self._tools = collect_tools(tools)
        _refuse_name(self._outputs.tools.keys() & self._tools.keys())
        self.instructions = instructions
        self.deps_type = deps_type
        self.model_settings = model_settings or ModelSettings()
        self.usage_limits = usage_limits or UsageLimits()
        self.retries = retries
        self.tool_timeout = tool_timeout
        self.name = name
        self.max_parallel_tools = max_parallel_tools
        self.hooks = hooks or Hooks()
        self.compaction = compaction
        self.observer = observer or Observer()

    @property
    def model(self) -> str | Model:
        """The model as it was given; the opened one after the first run."""
        return overrides(self).get("model", self._model)

    @property
    def tools(self) -> Mapping[str, Tool]:
        """The tools by name."""
        given = overrides(self)
        return MappingProxyType(collect_tools(given["tools"]) if "tools" in given else self._tools)

    @overload
    def tool(
        self, function: Callable[Concatenate[RunContext[DepsT], ParamsT], ReturnT], /
    ) -> Callable[Concatenate[RunContext[DepsT], ParamsT], ReturnT]: ...
    @overload
    def tool(
        self, /, **options: Any
    ) -> Callable[
        [Callable[Concatenate[RunContext[DepsT], ParamsT], ReturnT]],
        Callable[Concatenate[RunContext[DepsT], ParamsT], ReturnT],
    ]: ...
    def tool(self, function: Any = None, /, **options: Any) -> Any:
        """Decorates a function whose first parameter is a `RunContext`; takes the options of `agentkit.tool`."""
        return self._register(function, True, options)

    @overload
    def tool_plain(self, function: FunctionT, /) -> FunctionT: ...
    @overload
    def tool_plain(self, /, **options: Any) -> Callable[[FunctionT], FunctionT]: ...
    def tool_plain(self, function: Any = None, /, **options: Any) -> Any:
        """Decorates a function that needs no `RunContext`; takes the options of `agentkit.tool`."""
        return self._register(function, False, options)

    @overload
    def output_validator(
        self, function: Callable[Concatenate[RunContext[DepsT], OutputT, ParamsT], ReturnT], /
    ) -> Callable[Concatenate[RunContext[DepsT], OutputT, ParamsT], ReturnT]: ...
    @overload
    def output_validator(
        self, function: Callable[Concatenate[OutputT, ParamsT], ReturnT], /
    ) -> Callable[Concatenate[OutputT, ParamsT], ReturnT]: ...
    def output_validator(self, function: Any, /) -> Any:
        """Decorates a function that looks at the output before the run ends with it, and gives it or another one back.

        It takes the output, or a `RunContext` and the output, and may be async. `ModelRetry("...", argument="city")`
        has that field written again in its place, where the model can, else the model is told.
        """
        self._outputs = replace(self._outputs, validators=(*self._outputs.validators, Validator(function)))
        return function

    def prompt_report(self, prompt: str | None = None, message_history: Sequence[Message] = ()) -> PromptReport:
        """What the first turn of such a run costs in tokens, part by part. Opens the model, and runs nothing.

        Raises `UserError` where the model doesn't count tokens.
        """
        model = self.model
        plan = self._plan(load_model(model) if isinstance(model, str) else model, None, None)
        return prompt_report(plan, [*message_history, *([] if prompt is None else [UserMessage(prompt)])])

    def as_tool(self, *, name: str | None = None, description: str | None = None, **options: Any) -> Tool:
        """This agent as a tool of another one: it takes a prompt and gives the output.

        The tool is called `name` or as the agent is, and described by `description` or the agent's instructions; the
        other options are those of `agentkit.tool`. Its runs have the `deps` of the run that calls it, spend from that
        run's budget besides their own, and are cancelled with it. Their events are in that run's stream as
        `DelegatedEvent`s, and what waits for a person in them, that run waits for. A run that stops without an answer
        is told as a failed call.
        """
        return AgentTool(self, name=name, description=description, **options)

    def override(self, **changes: Unpack[Overrides]) -> AbstractContextManager[None]:
        """Other parts in place of the agent's own, for tests: `with agent.override(model=ScriptedModel([...])):`

        It holds for the runs that begin inside, in this task and those started in it, and for nobody else.
        """
        check_names("Agent.override", changes, Overrides)
        check_kinds(changes)
        return overriding(self, changes)

    async def run(self, prompt: str | None, **options: Unpack[RunOptions[DepsT]]) -> AgentRunResult[OutputT]:
        """Runs until the model answers, or until the run has to stop; `result.stop_reason` says which.

        The options are those of `RunOptions`. Pass an earlier result's `all_messages()` as `message_history` to go on
        from there; `prompt` may then be None when the history ends with something the model has yet to answer, or with
        calls that are not all answered: the run goes on with these.

        Raises `UserError` for what can't be run, `RunCancelled`, and what the model raises.
        """
        return await self._run(prompt, _nowhere, options)

    def run_sync(self, prompt: str | None, **options: Unpack[RunOptions[DepsT]]) -> AgentRunResult[OutputT]:
        """`run` for programs without an event loop.

        Raises `UserError` where an event loop already runs: use `await agent.run(...)` there.
        """
        refuse_running_loop("run_sync", "await agent.run(...)")
        return anyio.run(partial(self.run, prompt, **options))

    def run_stream_events(
        self, prompt: str | None, **options: Unpack[RunOptions[DepsT]]
    ) -> AbstractAsyncContextManager[EventStream]:
        """`run`, with its events as they happen:

            async with agent.run_stream_events("...") as events:
                async for event in events:
                    ...

        The last event is `RunFinished`, with the result. Leaving the block early ends the run.
        """

        async def start(emit: Emit) -> AgentRunResult[OutputT]:
            return await self._run(prompt, emit, options, drafts=True)

        return StreamBlock(start)

    async def run_batch(
        self, prompts: Iterable[str], *, max_concurrent: int = 64, **options: Unpack[RunOptions[DepsT]]
    ) -> list[AgentRunResult[OutputT]]:
        """Runs the prompts side by side, each as a run of its own with the same options, and keeps their order.

        Their canvases share the engine's batch. When one of the runs raises, the others are ended and it is raised.
        """
        results: dict[int, AgentRunResult[OutputT]] = {}
        async with self.run_stream_batch(prompts, max_concurrent=max_concurrent, **options) as items:
            async for item in items:
                if item.error is not None:
                    raise item.error
                assert item.result is not None
                results[item.index] = item.result
        return [results[index] for index in range(len(results))]

    def run_stream_batch(
        self, prompts: Iterable[str], *, max_concurrent: int = 64, **options: Unpack[RunOptions[DepsT]]
    ) -> AbstractAsyncContextManager[AsyncIterator[BatchItem]]:
        """`run_batch`, with each prompt's result as soon as it is there, and errors that stay with their prompt:

            async with agent.run_stream_batch(prompts) as items:
                async for item in items:
                    print(item.index, item.result.output if item.result else item.error)

        Prompts are taken from the iterable as runs become free for them, so that it may be of any length. Leaving the
        block early ends all runs. Raises `RunCancelled` when the `cancellation_token` is cancelled.
        """

        check_options(options)
        if options.get("session") is not None or options.get("deferred_tool_results") is not None:
            raise UserError(
                "A batch is many conversations: session and deferred_tool_results belong to one. Use run()."
            )

        async def one(prompt: str) -> AgentRunResult[OutputT]:
            return await self.run(prompt, **options)

        return open_batch(one, prompts, max_concurrent, options.get("cancellation_token"))

    async def _run(
        self,
        prompt: str | None,
        emit: Emit,
        options: RunOptions[DepsT],
        *,
        drafts: bool = False,
        still_running: list[str] | None = None,
    ) -> AgentRunResult[OutputT]:
        """`run`, with its events; the tools whose threads it leaves behind are named in `still_running`."""
        check_options(options)
        token = options.get("cancellation_token")
        if token is not None:
            token.check()
        self._checked(options.get("model_settings"))  # before weights are read for nothing
        async with open_journal(options) as journal:
            check_start(prompt, options, journal.state)
            plan = self._plan(await self._opened(), options.get("model_settings"), options.get("usage_limits"))
            if prompt is None:
                plan = await follow(plan, journal.state.messages)
            run = begin(plan, prompt, options, journal, emit, drafts=drafts)
            if still_running is not None:
                run.still_running = still_running
            run.deps = overrides(self).get("deps", run.deps)
            return await execute(run, token)

    def _plan(self, model: Model, asked: ModelSettings | None, limits: UsageLimits | None) -> Plan:
        """What a run goes by, of which these are the settings and limits it was given."""
        given = overrides(self)
        tools, settings = self._checked(asked)
        return Plan(
            model=model,
            tools=tools,
            outputs=self._outputs,
            hooks=self.hooks,
            compaction=self.compaction,
            instructions=given.get("instructions", self.instructions),
            settings=settings,
            limits=limits or self.usage_limits,
            retries=self.retries,
            tool_timeout=self.tool_timeout,
            max_parallel_tools=self.max_parallel_tools,
            name=self.name,
            observer=self.observer,
            asked=asked,
        )

    def _checked(self, asked: ModelSettings | None) -> tuple[dict[str, Tool], ModelSettings]:
        """The tools and settings of a run. Raises `UserError` when they don't go together."""
        tools = dict(self.tools)
        settings = self.model_settings.merge(asked).merge(overrides(self).get("model_settings"))
        _refuse_name(self._outputs.tools.keys() & tools.keys())
        checked_choice(settings.tool_choice, tools)
        return tools, settings

    async def _opened(self) -> Model:
        model = self.model
        if not isinstance(model, str):
            return model
        opened = await anyio.to_thread.run_sync(load_model, model)
        if self._model == model:
            self._model = opened
        return opened

    def _register(self, function: Any, takes_context: bool, options: dict[str, Any]) -> Any:
        def register(function: ToolFunction) -> ToolFunction:
            new = Tool(function, takes_context=takes_context, **options)
            _refuse_name(self._outputs.tools.keys() & {new.name})
            add_tool(self._tools, new)
            return function

        return register if function is None else register(function)

    def __repr__(self) -> str:
        model = self._model if isinstance(self._model, str) else self._model.name
        return f"Agent({model!r}, name={self.name!r}, tools={list(self._tools)!r})"


async def _nowhere(event: Event) -> None:
    """Where events go that nobody looks at."""


def _refuse_name(taken: AbstractSet[str]) -> None:
    for name in taken:
        raise ToolDefinitionError(f"A tool and an output are both called {name!r}: give the tool another name.")
