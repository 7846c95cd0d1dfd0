"""Spans and metrics, as the SDK's own exporters get them."""

import json
import subprocess
import sys

import anyio
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from agentkit import (
    Agent,
    ApprovalRequired,
    AssistantMessage,
    CancellationToken,
    ModelError,
    ModelSettings,
    RunCancelled,
    RunContext,
    ToolCallPart,
    ToolFailed,
    UsageLimits,
)
from agentkit.observer import Observer
from agentkit.telemetry import Telemetry
from agentkit.testing import FunctionModel, ScriptedModel, call, toy_model

pytestmark = pytest.mark.anyio

SECRET = "the plans of the castle"


class Recorder:
    """A telemetry with the SDK behind it, and what the SDK exports."""

    def __init__(self, **options) -> None:
        self._spans, self._metrics = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        meters = MeterProvider([self._metrics], shutdown_on_exit=False)
        self.telemetry = Telemetry(tracer_provider=self.tracers, meter_provider=meters, **options)

    @property
    def spans(self):
        return {span.name: span for span in self._spans.get_finished_spans()}

    def points(self, name: str):
        data = self._metrics.get_metrics_data()
        found = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics if m.name == name]
        return [(dict(point.attributes), point) for metric in found for point in metric.data.data_points]

    def everything(self) -> str:
        spans = "".join(span.to_json() for span in self._spans.get_finished_spans())
        return spans + self._metrics.get_metrics_data().to_json()


async def look_up(what: str) -> str:
    """Look something up."""
    return f"found {what}"


def librarian(recorder: Recorder, script, **options) -> Agent:
    return Agent(ScriptedModel(script), tools=[look_up], name="librarian", observer=recorder.telemetry, **options)


async def test_to_wait_for_a_person_is_no_failure():
    recorder = Recorder()

    def pay(context: RunContext) -> str:
        if not context.tool_call_approved:
            raise ApprovalRequired("Really?")
        return "paid"

    result = await Agent(ScriptedModel([call("pay")]), tools=[pay], observer=recorder.telemetry).run("Pay.")
    assert result.stop_reason == "approval_required"
    assert {span.status.status_code for span in recorder.spans.values()} == {StatusCode.UNSET}
    assert recorder.spans["invoke_agent"].attributes["agentkit.stop_reason"] == "approval_required"


async def test_a_run_its_turns_and_its_tools_are_spans_within_each_other():
    recorder = Recorder()
    settings = ModelSettings(max_tokens=100, seed=3)
    await librarian(recorder, [call("look_up", what=SECRET), "Here it is."], model_settings=settings).run(SECRET)
    spans = recorder.spans
    assert spans.keys() == {"invoke_agent librarian", "chat scripted", "execute_tool look_up"}
    run, chat, tool = spans["invoke_agent librarian"], spans["chat scripted"], spans["execute_tool look_up"]
    assert run.parent is None
    assert chat.parent.span_id == tool.parent.span_id == run.context.span_id
    assert run.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert run.attributes["gen_ai.agent.name"] == "librarian"
    assert run.attributes["gen_ai.provider.name"] == "agentkit"
    assert run.attributes["gen_ai.request.model"] == "scripted"
    assert run.attributes["agentkit.stop_reason"] == "finished"
    assert (run.attributes["agentkit.turns"], run.attributes["agentkit.tool_calls"]) == (2, 1)
    assert chat.attributes["gen_ai.operation.name"] == "chat"
    assert chat.attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert (chat.attributes["gen_ai.request.max_tokens"], chat.attributes["gen_ai.request.seed"]) == (100, 3)
    assert chat.attributes["gen_ai.usage.output_tokens"] == 3
    assert tool.attributes["gen_ai.operation.name"] == "execute_tool"
    assert tool.attributes["gen_ai.tool.name"] == "look_up"
    assert tool.attributes["gen_ai.tool.type"] == "function"
    assert tool.attributes["gen_ai.tool.description"] == "Look something up."
    assert {span.status.status_code for span in spans.values()} == {StatusCode.UNSET}


async def test_nothing_that_was_said_is_recorded_unless_that_is_wanted():
    script = [call("look_up", what=SECRET), call("fail", why=SECRET), SECRET]

    async def record(**options) -> str:
        recorder = Recorder(**options)
        agent = librarian(recorder, script, instructions=SECRET)

        @agent.tool_plain
        def fail(why: str) -> None:
            raise ToolFailed(why)

        await agent.run(SECRET)
        return recorder.everything()

    assert SECRET not in await record()
    assert SECRET in await record(include_content=True)


async def test_what_is_as_deep_as_results_may_be_is_recorded_and_what_cannot_be_ends_no_run(caplog):
    deep: list = []
    for _ in range(63):
        deep = [deep]
    recorder = Recorder(include_content=True)
    agent = Agent(ScriptedModel([call("nest"), "Done."]), observer=recorder.telemetry, name="bird")
    agent.tool_plain(name="nest")(lambda: deep)
    assert (await agent.run("Nest.")).output == "Done."
    *_, asked = json.loads(recorder.spans["chat scripted"].attributes["gen_ai.input.messages"])
    assert asked["parts"] == [{"type": "tool_call_response", "id": "call_1", "response": deep}]

    history = (AssistantMessage((ToolCallPart("nest", {"what": object()}, "call_1"),)),)
    assert (await Agent(ScriptedModel(["Done."]), observer=recorder.telemetry).run("?", message_history=history)).output
    assert "Telemetry can't record gen_ai.input.messages" in caplog.text


async def test_content_has_the_form_of_the_conventions():
    recorder = Recorder(include_content=True)
    await librarian(recorder, [call("look_up", what="x"), "Found."], instructions="Be brief.").run("Where?")
    run, tool = recorder.spans["invoke_agent librarian"], recorder.spans["execute_tool look_up"]

    def said(span, name):
        return json.loads(span.attributes[name])

    asked = [{"role": "user", "parts": [{"type": "text", "content": "Where?"}]}]
    assert said(run, "gen_ai.input.messages") == asked
    assert said(run, "gen_ai.output.messages") == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Found."}]}
    ]
    assert said(tool, "gen_ai.tool.call.arguments") == {"what": "x"}
    assert tool.attributes["gen_ai.tool.call.result"] == "found x"
    (call_id,) = {tool.attributes["gen_ai.tool.call.id"]}
    assert said(recorder.spans["chat scripted"], "gen_ai.input.messages") == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        *asked,
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": call_id, "name": "look_up", "arguments": {"what": "x"}}],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": call_id, "response": "found x"}]},
    ]


async def test_a_tools_own_spans_are_within_its_span():
    recorder = Recorder()
    tracer = recorder.tracers.get_tracer("mine")

    def synchronous() -> None:
        tracer.start_span("in a thread").end()

    agent = Agent(ScriptedModel([call("synchronous"), "done"]), tools=[synchronous], observer=recorder.telemetry)
    with tracer.start_as_current_span("the request"):
        async with agent.run_stream_events("?") as events:
            async for _ in events:
                pass
    spans = recorder.spans
    assert spans["in a thread"].parent.span_id == spans["execute_tool synchronous"].context.span_id
    assert spans["invoke_agent"].parent.span_id == spans["the request"].context.span_id


async def test_an_agent_asked_by_a_tool_of_another_is_within_it():
    recorder = Recorder()
    inner = Agent(ScriptedModel(["inside"]), name="inner", observer=recorder.telemetry)

    async def ask() -> str:
        return (await inner.run("?")).output

    outer = Agent(ScriptedModel([call("ask"), "done"]), name="outer", tools=[ask], observer=recorder.telemetry)
    await outer.run("?")
    assert recorder.spans["invoke_agent inner"].parent.span_id == recorder.spans["execute_tool ask"].context.span_id


async def test_what_goes_wrong_has_an_error_type():
    async def spans_of(agent_options, prompt="?", **run_options):
        recorder = Recorder()
        agent = Agent(**agent_options, observer=recorder.telemetry)
        try:
            await agent.run(prompt, **run_options)
        except (ModelError, RunCancelled):
            pass
        return recorder

    recorder = await spans_of({"model": ScriptedModel([ModelError("broken")])})
    for name in ("chat scripted", "invoke_agent"):
        assert recorder.spans[name].attributes["error.type"] == "ModelError"
        assert recorder.spans[name].status.status_code == StatusCode.ERROR
    assert {names.get("error.type") for names, _ in recorder.points("gen_ai.client.operation.duration")} == {
        "ModelError"
    }

    recorder = await spans_of({"model": ScriptedModel([]), "usage_limits": UsageLimits(turns=0)})
    assert recorder.spans["invoke_agent"].attributes["error.type"] == "usage_limit"
    (measured,) = [names for names, _ in recorder.points("gen_ai.client.operation.duration")]
    assert measured["error.type"] == "usage_limit"

    token = CancellationToken()
    options = {"model": FunctionModel(lambda request: (token.cancel(), "too late")[1])}
    recorder = await spans_of(options, cancellation_token=token)
    assert recorder.spans["invoke_agent"].attributes["agentkit.stop_reason"] == "cancelled"


async def test_a_tool_that_fails_or_takes_too_long_has_an_error_type():
    recorder = Recorder()
    agent = Agent(ScriptedModel([[call("slow"), call("broken")], "done"]), observer=recorder.telemetry, retries=2)

    @agent.tool_plain(timeout=0.01)
    async def slow() -> None:
        await anyio.sleep(5)

    @agent.tool_plain
    def broken() -> None:
        raise ValueError("no")

    await agent.run("?")
    assert recorder.spans["execute_tool slow"].attributes["error.type"] == "TimeoutError"
    assert recorder.spans["execute_tool broken"].attributes["error.type"] == "ValueError"
    measured = [names for names, _ in recorder.points("gen_ai.client.operation.duration")]
    assert {names.get("error.type") for names in measured if names["gen_ai.operation.name"] == "execute_tool"} == {
        "TimeoutError",
        "ValueError",
    }


async def test_repairs_are_spans():
    recorder = Recorder()
    agent = Agent(
        ScriptedModel([call("look_up", what=3), "done"], repairs=[{"what": "tea"}]),
        tools=[look_up],
        observer=recorder.telemetry,
    )
    await agent.run("?")
    repair = recorder.spans["repair scripted"]
    assert repair.attributes["agentkit.repair.pointers"] == ("/what",)
    assert repair.attributes["agentkit.repair.done"]
    assert recorder.spans["invoke_agent"].attributes["agentkit.repairs"] == 1


async def test_canvases_are_events_with_their_figures():
    recorder = Recorder()
    agent = Agent(toy_model(), observer=recorder.telemetry, model_settings=ModelSettings(seed=1, max_tokens=40))
    result = await agent.run("Write.")
    chat = recorder.spans["chat toy-0"]
    canvases = [dict(event.attributes) for event in chat.events if event.name == "agentkit.canvas"]
    assert len(canvases) == len(result.canvases) > 1
    for seen, canvas in zip(canvases, result.canvases, strict=True):
        assert seen["agentkit.canvas.index"] == canvas.index
        assert seen["agentkit.canvas.denoising_steps"] == canvas.steps
        assert seen["agentkit.canvas.tokens"] == len(canvas.tokens)
        assert seen["agentkit.canvas.reason"] == canvas.reason
        assert seen["agentkit.canvas.entropy"] == pytest.approx(sum(canvas.entropies) / len(canvas.entropies))
        assert seen["agentkit.canvas.entropy.max"] == max(canvas.entropies)
    assert chat.attributes["agentkit.denoising_steps"] == result.usage.denoising_steps
    assert chat.attributes["gen_ai.usage.input_tokens"] == result.usage.prompt_tokens
    (steps,) = [point for _, point in recorder.points("agentkit.canvas.denoising_steps")]
    assert (steps.count, steps.sum) == (len(canvases), result.usage.denoising_steps)
    tokens = {names["gen_ai.token.type"]: point.sum for names, point in recorder.points("gen_ai.client.token.usage")}
    assert tokens == {"input": result.usage.prompt_tokens, "output": result.usage.output_tokens}
    assert len(recorder.points("agentkit.canvas.entropy")) == 1


async def test_durations_are_measured_by_operation():
    recorder = Recorder()
    await librarian(recorder, [call("look_up", what="x"), "Found."]).run("?")
    counts = {
        names["gen_ai.operation.name"]: point.count
        for names, point in recorder.points("gen_ai.client.operation.duration")
    }
    assert counts == {"invoke_agent": 1, "chat": 2, "execute_tool": 1}


async def test_an_observer_of_ones_own_sees_what_it_wants_to():
    from contextlib import contextmanager

    class Names(Observer):
        def __init__(self):
            self.seen = []

        @contextmanager
        def tool(self, run, call):
            yield lambda outcome: self.seen.append((call.call.name, outcome.result.content))

    names = Names()
    await Agent(ScriptedModel([call("look_up", what="x"), "."]), tools=[look_up], observer=names).run("?")
    assert names.seen == [("look_up", "found x")]


def test_without_an_sdk_nothing_is_sent_and_without_the_api_it_says_what_to_install():
    program = """
import sys
from agentkit import Agent
from agentkit.testing import ScriptedModel
from agentkit.telemetry import Telemetry
assert Agent(ScriptedModel(["fine"]), observer=Telemetry(include_content=True)).run_sync("?").output == "fine"
assert not any(name.startswith("opentelemetry.sdk") for name in sys.modules)
del sys.modules["agentkit.telemetry"]
sys.modules["opentelemetry"] = None
try:
    import agentkit.telemetry
except Exception as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=240)
    assert done.stdout == "agentkit.telemetry needs opentelemetry: pip install 'agentkit-diffusion[otel]'.\n", done
