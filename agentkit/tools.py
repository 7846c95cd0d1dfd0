"""Tools: Python functions that a model may call."""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias, TypeVar, overload

from pydantic.fields import FieldInfo

from agentkit._typeddict import readable
from agentkit.context import RunContext
from agentkit.docstrings import describe
from agentkit.errors import ToolDefinitionError, UserError
from agentkit.messages import JSON, ToolDefinition
from agentkit.schema import Arguments, Parameter, SchemaArguments, TypedArguments

ToolFunction: TypeAlias = Callable[..., Any]
ApprovalPredicate: TypeAlias = Callable[[RunContext[Any], dict[str, Any]], bool | Awaitable[bool]]
FunctionT = TypeVar("FunctionT", bound=ToolFunction)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z")
_MARK = "__agentkit_tool__"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOptions:
    """What `@tool` was told; see there."""

    name: str | None = None
    description: str | None = None
    timeout: float | None = None
    retries: int | None = None
    requires_approval: bool | ApprovalPredicate = False
    min_certainty: float | None = None
    sequential: bool = False
    read_only: bool = False
    idempotent: bool = False
    check: Callable[[Any], Awaitable[None] | None] | None = None

    @property
    def may_ask(self) -> bool:
        """Whether a call may have to wait for a person."""
        return self.requires_approval is not False or self.min_certainty is not None

    @property
    def may_repeat(self) -> bool:
        """Whether a call may be run again when nobody knows how far it came."""
        return self.idempotent or self.read_only

    def __post_init__(self) -> None:
        if not isinstance(self.requires_approval, bool) and not callable(self.requires_approval):
            raise ToolDefinitionError(
                f"A tool's requires_approval is a bool or a function of the context and the arguments, "
                f"not {self.requires_approval!r}."
            )
        if self.min_certainty is not None and not 0 <= self.min_certainty <= 1:
            raise ToolDefinitionError(f"A tool's min_certainty is a probability, not {self.min_certainty!r}.")
        if self.timeout is not None and not self.timeout > 0:
            raise ToolDefinitionError(f"A tool's timeout is a number of seconds above 0, not {self.timeout!r}.")
        if self.retries is not None and self.retries < 0:
            raise ToolDefinitionError(f"A tool's retries are at least 0, not {self.retries!r}.")


class Tool:
    """A function as a model may call it.

    `Tool(function, **options)` takes its schema from the type hints and its descriptions from the docstring;
    `Tool.from_schema` takes any function and a given JSON Schema. The options are those of `tool`.
    Raises `ToolDefinitionError`, here and not in the run, when the function can't be a tool.
    """

    goes_on = False
    """Whether a call that was under way when its process was stopped goes on where it came to."""

    def __init__(
        self,
        function: ToolFunction,
        *,
        takes_context: bool | None = None,
        _arguments: Arguments | None = None,
        **options: Any,
    ) -> None:
        try:
            given = ToolOptions(**options)
        except TypeError:
            unknown = sorted(options.keys() - {f.name for f in fields(ToolOptions)})
            raise ToolDefinitionError(f"{unknown} are no options of a tool.") from None
        _refuse_no_function(function)
        self.options = _overlaid(getattr(function, _MARK, ToolOptions()), given)
        self.function = function
        self.name = _checked_name(self.options.name or _name_of(function))
        self._positional: tuple[inspect.Parameter, ...] = ()
        text = describe(_inner(function))
        if _arguments is None:
            parameters, self.takes_context = _parameters(self.name, function, text.parameters, takes_context)
            self._positional = tuple(p for p, _ in parameters if p.kind is p.POSITIONAL_ONLY)
            self._arguments: Arguments = TypedArguments(self.name, [parameter for _, parameter in parameters])
        else:
            self._arguments, self.takes_context = _arguments, bool(takes_context)
        self.description = self.options.description if self.options.description is not None else text.text
        self.is_async = is_async(function)

    @classmethod
    def from_schema(
        cls,
        function: ToolFunction,
        *,
        name: str,
        description: str,
        json_schema: Mapping[str, JSON],
        takes_context: bool = False,
        **options: Any,
    ) -> Tool:
        """A tool whose arguments are described by a JSON Schema object, and given to `function` as keywords."""
        arguments = SchemaArguments(_checked_name(name), json_schema)
        return cls(
            function, takes_context=takes_context, _arguments=arguments, name=name, description=description, **options
        )

    @property
    def parameters(self) -> dict[str, JSON]:
        """The JSON Schema of the arguments object."""
        return self._arguments.schema

    @property
    def defaults(self) -> dict[str, Any]:
        """The values of the parameters that a call may leave out."""
        return self._arguments.defaults

    @property
    def definition(self) -> ToolDefinition:
        """The tool as the model sees it."""
        return ToolDefinition(self.name, self.description, self.parameters)

    def check(self, arguments: dict[str, JSON]) -> dict[str, Any]:
        """The values to call with, or `InvalidArguments`."""
        return self._arguments.check(arguments)

    def bind(self, values: Mapping[str, Any], context: RunContext[Any]) -> Callable[[], Any]:
        """The call itself, with nothing left to give."""
        rest = dict(values)
        first = [context] if self.takes_context else []
        first += [rest.pop(p.name, p.default) for p in self._positional]
        return functools.partial(self.function, *first, **rest)

    def __repr__(self) -> str:
        return f"Tool({self.name!r})"


@overload
def tool(function: FunctionT, /) -> FunctionT: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float | None = None,
    retries: int | None = None,
    requires_approval: bool | ApprovalPredicate = False,
    min_certainty: float | None = None,
    sequential: bool = False,
    read_only: bool = False,
    idempotent: bool = False,
    check: Callable[[Any], Awaitable[None] | None] | None = None,
) -> Callable[[FunctionT], FunctionT]: ...
def tool(function: Any = None, /, **options: Any) -> Any:
    """Marks a function or method as a tool and keeps what is said here about it; it stays the function it is.

    timeout            seconds after which the call is given up
    retries            how many wrong calls in a row the model may correct; the agent's `retries` if None
    requires_approval  a person has to agree to each call; or a function that says so of a call by its context and the
                       values it would run with: `lambda ctx, arguments: arguments["amount"] > 100`. It may be async;
                       when it fails, a person is asked
    min_certainty      a person has to agree to a call with an argument that the model gave a smaller probability than
                       this (`ToolCallPart.certainty`), or none
    sequential         runs alone, never beside another call of the same turn
    read_only          has no side effects, so a call may be begun early or repeated
    idempotent         may be run again with the same arguments, as a call is that was under way when the process was
                       stopped; otherwise the model is told that nobody knows whether it was carried out. What is
                       read_only is idempotent
    check              looks at what the tool returned and raises `ModelRetry`, best with the `argument` at fault,
                       when it won't do; it may be async
    name, description  instead of the function's own name and docstring

    Raises `ToolDefinitionError` at once when the function can't be a tool (a method's and a not yet resolvable
    annotation's faults show when the tool is given to an agent).
    """

    def mark(function: FunctionT) -> FunctionT:
        try:
            setattr(function, _MARK, ToolOptions(**options))
        except AttributeError:
            raise ToolDefinitionError(f"{function!r} can't be marked as a tool: use Tool(function, ...).") from None
        if not _is_method(function):
            try:
                Tool(function)
            except _Unresolved:
                pass
        return function

    return mark if function is None else mark(function)


def collect_tools(tools: Iterable[Tool | ToolFunction]) -> dict[str, Tool]:
    """The tools by name. Raises `ToolDefinitionError` when two have the same."""
    if not isinstance(tools, Iterable):
        raise UserError(f"tools takes a list of functions and Tool objects, not {tools!r}: write tools=[...].")
    collected: dict[str, Tool] = {}
    for item in tools:
        add_tool(collected, item if isinstance(item, Tool) else Tool(item))
    return collected


def add_tool(tools: dict[str, Tool], new: Tool) -> None:
    """Adds a tool, or raises `ToolDefinitionError` when its name is taken."""
    if new.name in tools:
        raise ToolDefinitionError(f"Two tools are called {new.name!r}: give one of them another name with name=.")
    tools[new.name] = new


def _refuse_no_function(thing: Any) -> None:
    """Raises `ToolDefinitionError` for what can't be called, and says what to do with it."""
    from agentkit.agent import Agent  # here, since both have tools
    from agentkit.output import ToolOutput

    if isinstance(thing, Agent):
        raise ToolDefinitionError(f"{thing!r} is no function: an agent becomes a tool by agent.as_tool().")
    if isinstance(thing, ToolOutput):
        kind = type(thing).__name__
        raise ToolDefinitionError(f"A {kind} is no tool: it belongs in output_type=[str, {kind}(...)].")
    if callable(thing):
        return
    several = isinstance(thing, Iterable) and not isinstance(thing, str)
    todo = "write tools=[*toolset] for all that it holds" if several else "give a function or a Tool"
    raise ToolDefinitionError(f"{thing!r} is no function: {todo}.")


class _Unresolved(ToolDefinitionError):
    """An annotation names something that doesn't exist yet."""


def _overlaid(base: ToolOptions, given: ToolOptions) -> ToolOptions:
    default = ToolOptions()
    changed = {f.name: getattr(given, f.name) for f in fields(given)}
    return replace(base, **{name: value for name, value in changed.items() if value != getattr(default, name)})


def _parameters(
    tool_name: str, function: ToolFunction, descriptions: Mapping[str, str], takes_context: bool | None
) -> tuple[list[tuple[inspect.Parameter, Parameter]], bool]:
    """The parameters the model gives, and whether the first of the function is a RunContext."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise ToolDefinitionError(f"Tool {tool_name!r}: {function!r} has no signature to read: {error}") from None
    hints = _hints(tool_name, function)
    found = list(signature.parameters.values())
    if found and _is_method(_inner(function)) and found[0].name == "self" and found[0].annotation is found[0].empty:
        raise ToolDefinitionError(
            f"Tool {tool_name!r}: {function!r} is a method without its object: give the method of an object."
        )
    if takes_context is None:
        takes_context = bool(found) and is_context(hints.get(found[0].name))
    if takes_context and not found:
        raise ToolDefinitionError(f"Tool {tool_name!r}: its first parameter has to be a RunContext; it has none.")
    if takes_context and not _may_be_context(hints.get(found[0].name, Any)):
        raise ToolDefinitionError(
            f"Tool {tool_name!r}: its first parameter has to be a RunContext; {found[0].name!r} is none. "
            f"Use @agent.tool_plain."
        )
    parameters = []
    for parameter in found[1:] if takes_context else found:
        annotation = readable(hints.get(parameter.name, Any))
        _refuse_parameter(tool_name, parameter, annotation)
        required = parameter.default is parameter.empty
        default = None if required else parameter.default
        description = descriptions.get(parameter.name, "")
        parameters.append((parameter, Parameter(parameter.name, annotation, required, default, description)))
    return parameters, takes_context


def _refuse_parameter(tool_name: str, parameter: inspect.Parameter, annotation: Any) -> None:
    bare = parameter.replace(default=parameter.empty, annotation=parameter.empty)
    where = f"Tool {tool_name!r}: parameter {str(bare)!r}"
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        raise ToolDefinitionError(f"{where}: a model can't be told what it takes; name the parameters one by one.")
    if is_context(annotation):
        raise ToolDefinitionError(f"{where}: a RunContext has to be the first parameter (of @tool or @agent.tool).")
    if isinstance(parameter.default, FieldInfo):
        raise ToolDefinitionError(
            f"{where}: write Annotated[..., Field(...)] and a plain default instead of = Field(...)."
        )


def _hints(tool_name: str, function: ToolFunction) -> dict[str, Any]:
    inner = _inner(function)
    try:
        return typing.get_type_hints(inner, include_extras=True)
    except NameError as error:
        guilty = [
            name for name, hint in inner.__annotations__.items() if isinstance(hint, str) and str(error.name) in hint
        ]
        raise _Unresolved(
            f"Tool {tool_name!r}: parameter {', '.join(map(repr, guilty))}: the annotation can't be resolved: {error}. "
            f"It has to name something that exists at module level when the tool is registered."
        ) from None
    except TypeError as error:
        raise ToolDefinitionError(f"Tool {tool_name!r}: its annotations can't be read: {error}") from None


def known_hints(function: Any) -> dict[str, Any]:
    """What a function's annotations say; nothing where one of them can't be resolved."""
    try:
        return typing.get_type_hints(_inner(function), include_extras=True)
    except (NameError, TypeError):
        return {}


def return_type(function: Any) -> Any:
    """What a function's annotation says that it gives back; `Any` where it says nothing."""
    return typing.get_type_hints(_inner(function), include_extras=True).get("return", Any)


def _inner(function: Any) -> Any:
    """The function that carries the annotations and the docstring."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isroutine(function) or inspect.isclass(function):
        return function
    return type(function).__call__


def is_context(annotation: Any) -> bool:
    return annotation is RunContext or typing.get_origin(annotation) is RunContext


def _may_be_context(annotation: Any) -> bool:
    return annotation is Any or is_context(annotation)


def _is_method(function: Any) -> bool:
    """Whether a plain function stands in a class body, so that its first parameter is yet to be bound."""
    owner = getattr(function, "__qualname__", "").rpartition(".")[0]
    return bool(owner) and not owner.endswith("<locals>")


def is_async(function: Any) -> bool:
    """Whether calling it gives a coroutine: also of an object with an async `__call__`, and of a partial of either."""
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _name_of(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", None)
    if not isinstance(name, str):
        raise ToolDefinitionError(f"{function!r} has no name: use Tool(function, name=...).")
    return name


def _checked_name(name: str) -> str:
    if not _NAME.match(name):
        raise ToolDefinitionError(
            f"{name!r} can't be a tool's name: letters, digits, '_', '-' and '.', a letter or '_' first, at most 64. "
            f"Give another with name=."
        )
    return name


def checked_choice(choice: str | None, tools: Mapping[str, Tool]) -> None:
    """Raises `UserError` when `tool_choice` asks for a tool that isn't there."""
    if choice is None or choice in ("auto", "none"):
        return
    if choice == "required" and not tools:
        raise UserError('tool_choice="required", but the agent has no tools.')
    if choice != "required" and choice not in tools:
        raise UserError(f"tool_choice={choice!r} names none of the agent's tools ({', '.join(tools) or 'none'}).")
