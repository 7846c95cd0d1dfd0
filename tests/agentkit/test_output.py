"""What a run may end with besides text: values of types, and what functions make of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Annotated, Any, Literal

import anyio
import anyio.to_thread
import pytest
from anyio.lowlevel import checkpoint
from pydantic import BaseModel, Field, field_validator
from typing_extensions import TypedDict

from agentkit import (
    Agent,
    ApprovalRequired,
    CancellationToken,
    DeferredToolResults,
    ModelRetry,
    ModelSettings,
    RunCancelled,
    RunContext,
    RunFinished,
    RunStopped,
    ToolDefinitionError,
    ToolFailed,
    ToolMessage,
    ToolOutput,
    UsageLimits,
    UserError,
    UserMessage,
    tool,
)
from agentkit.events import SpanRenoised, ToolCallFinished, ToolCallStarted
from agentkit.output import collect_outputs
from agentkit.testing import FunctionModel, ScriptedModel, bad_call, call

pytestmark = pytest.mark.anyio


class City(BaseModel):
    """A city and how many live there."""

    name: str
    people: Annotated[int, Field(ge=0)] = 0

    @field_validator("name")
    @classmethod
    def known(cls, name: str) -> str:
        if name == "Atlantis":
            raise ValueError("there is no such city")
        return name


@dataclass
class Point:
    x: float
    y: float


class ShopItem(TypedDict):
    item: str


class Light(TypedDict):
    room: str
    on: bool


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Node(BaseModel):
    """A value, and those behind it."""

    value: int
    rest: Node | None = None


def told(result) -> list:
    messages = [message for message in result.new_messages() if isinstance(message, ToolMessage)]
    return [(answer.content, answer.is_error) for message in messages for answer in message.results]


# -- types


@pytest.mark.parametrize(
    ("output_type", "arguments", "output"),
    [
        (City, {"name": "Oslo", "people": "7"}, City(name="Oslo", people=7)),
        (Point, {"x": 1, "y": 2.5}, Point(1.0, 2.5)),
        (Light, {"room": "hall", "on": True}, {"room": "hall", "on": True}),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (Node, {"value": 1, "rest": {"value": 2}}, Node(value=1, rest=Node(value=2))),
        (int, {"response": 3}, 3),
        (bool, {"response": False}, False),
        (type(None), {"response": None}, None),
        (Colour, {"response": "blue"}, Colour.BLUE),
        (Literal["a", "b"], {"response": "b"}, "b"),
        (list[Point], {"response": [{"x": 0, "y": 1}]}, [Point(0, 1)]),
        (tuple[int, str], {"response": [1, "a"]}, (1, "a")),
        (int | None, {"response": None}, None),
        (Annotated[str, Field(max_length=3)], {"response": "abc"}, "abc"),
        (ToolOutput(str), {"response": "text"}, "text"),
    ],
)
async def test_a_type_is_a_tool_whose_call_ends_the_run(output_type, arguments, output):
    model = ScriptedModel([call("final_result", **arguments)])
    result = await Agent(model, output_type=output_type).run("Go.")
    assert result.output == output
    assert type(result.output) is type(output)
    assert result.stop_reason == "finished"
    assert told(result) == [("Final result processed.", False)]
    (request,) = model.requests
    assert (request.tools, request.allow_text_output) == ((), False)
    assert [definition.name for definition in request.output_tools] == ["final_result"]


async def test_an_output_says_what_it_is():
    (definition,) = [tool.definition for tool in collect_outputs(City).tools.values()]
    assert definition.description == "A city and how many live there."
    assert set(definition.parameters["properties"]) == {"name", "people"}
    (recursive,) = [tool.definition for tool in collect_outputs(Node).tools.values()]
    assert recursive.description == "A value, and those behind it."
    assert set(recursive.parameters["properties"]) == {"value", "rest"}
    assert collect_outputs(Point).tools["final_result"].description == "Point."
    assert collect_outputs(ShopItem).tools["final_result"].description == "Shop item."
    assert collect_outputs(int).tools["final_result"].description == "The final response which ends this conversation"
    named = collect_outputs(ToolOutput(Point, name="place", description="Where it is", retries=3)).tools["place"]
    assert (named.description, named.options.retries) == ("Where it is", 3)


async def test_alternatives_are_tools_of_their_own_and_text_is_text():
    for alternatives in (City | Point | str, [City, Point, str], [City | str, Point]):
        outputs = collect_outputs(alternatives)
        assert list(outputs.tools) == ["final_result_City", "final_result_Point"]
        assert outputs.allow_text
        model = ScriptedModel(["Hello.", call("final_result_Point", x=1, y=2)])
        agent: Agent[None, City | Point | str] = Agent(model, output_type=alternatives)
        assert (await agent.run("Hi")).output == "Hello."
        assert (await agent.run("Where?")).output == Point(1, 2)
    assert list(collect_outputs(City | None).tools) == ["final_result_City", "final_result_NoneType"]
    assert list(collect_outputs([list[int], Literal["a"]]).tools) == ["final_result_list_int", "final_result_Literal_a"]
    assert not collect_outputs(int | float).allow_text


@pytest.mark.parametrize(
    ("output_type", "reason"),
    [
        (Callable[[], int], r"at the root: it can't be given as JSON"),
        (Callable[[], int] | City, r"at the root: it can't be given as JSON"),
        (list[Callable[[], int]], r"at the root: it can't be given as JSON"),
        (Annotated[int, Field(ge=5, le=1)], r"at /properties/response/maximum: no integer"),
        ([], "empty list"),
        ([City, City], "final_result_City"),
    ],
)
async def test_a_type_that_cannot_be_served_is_refused_at_once(output_type, reason):
    with pytest.raises(UserError, match=reason):
        Agent(ScriptedModel([]), output_type=output_type)


async def test_the_field_that_cannot_be_served_is_named():
    @dataclass
    class Inner:
        back: Callable[[], int]

    class Outer(TypedDict):
        name: str
        inner: Inner

    Outer.__annotations__["inner"] = Inner  # a local name, which annotations as text can't reach
    with pytest.raises(ToolDefinitionError, match=r"Outer.*at /properties/inner/properties/back: "):
        Agent(ScriptedModel([]), output_type=Outer)
    impossible = Annotated[str, Field(min_length=3, max_length=1)]
    with pytest.raises(ToolDefinitionError, match=r"output_type .*at /properties/response/items"):
        Agent(ScriptedModel([]), output_type=Annotated[list[impossible], Field(min_length=1)])
    with pytest.raises(ToolDefinitionError, match=r"output_type .*at the root: .*unclosed group"):
        Agent(ScriptedModel([]), output_type=Annotated[str, Field(pattern="(")])


async def test_a_tool_and_an_output_have_names_of_their_own():
    def final_result() -> None:
        """Nothing."""

    with pytest.raises(ToolDefinitionError, match="final_result"):
        Agent(ScriptedModel([]), tools=[final_result], output_type=City)
    agent = Agent(ScriptedModel([]), output_type=City)
    with pytest.raises(ToolDefinitionError, match="final_result"):
        agent.tool_plain(final_result)


# -- runs


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def test_tools_run_before_the_output():
    model = ScriptedModel([call("add", a=1, b=2), call("final_result", response=3)])
    agent = Agent(model, tools=[add], output_type=int)
    async with agent.run_stream_events("1 + 2?") as stream:
        events = [event async for event in stream]
    assert [e.call.name for e in events if isinstance(e, ToolCallStarted | ToolCallFinished)] == ["add", "add"]
    assert isinstance(events[-1], RunFinished)
    result = events[-1].result
    assert (result.output, result.usage.tool_calls, len(result.tool_calls)) == (3, 1, 1)
    model.assert_complete()


async def test_tools_called_beside_the_output_run_too_and_further_outputs_do_not():
    outputs = [call("final_result", response=3), call("final_result", response=4)]
    model = ScriptedModel([[*outputs, call("add", a=1, b=2)]])
    result = await Agent(model, tools=[add], output_type=int).run("1 + 2?")
    assert result.output == 3
    assert told(result) == [
        ("Final result processed.", False),
        ("This was not used: there is a final result already.", True),
        (3, False),
    ]


async def test_a_conversation_goes_on_after_an_output():
    model = ScriptedModel([call("final_result", response=3), call("final_result", response=4)])
    agent = Agent(model, output_type=int)
    first = await agent.run("1 + 2?")
    second = await agent.run("And one more?", message_history=first.all_messages())
    assert second.output == 4
    assert second.new_messages()[0] == UserMessage("And one more?")


async def test_an_output_is_no_tool_call_to_the_limits():
    model = ScriptedModel([call("final_result", response=3)])
    result = await Agent(model, output_type=int, usage_limits=UsageLimits(tool_calls=0)).run("1 + 2?")
    assert (result.output, result.usage.tool_calls) == (3, 0)


async def test_tool_choice_is_about_tools():
    model = ScriptedModel([call("final_result", response=3)])
    await Agent(model, tools=[add], output_type=int, model_settings=ModelSettings(tool_choice="none")).run("?")
    (request,) = model.requests
    assert request.tools == ()
    assert [definition.name for definition in request.declared] == ["final_result"]


# -- outputs that are wrong


async def test_a_wrong_field_is_repaired_and_never_told():
    model = ScriptedModel([call("final_result", name="Atlantis", people=3)], repairs=[{"name": "Oslo"}])
    async with Agent(model, output_type=City).run_stream_events("Which?") as stream:
        events = [event async for event in stream]
    assert events[-1].result.output == City(name="Oslo", people=3)
    assert "Atlantis" not in repr(events[-1].result.all_messages())
    (renoised,) = [event for event in events if isinstance(event, SpanRenoised)]
    assert renoised.pointer == "/name"
    assert "there is no such city" in renoised.reason


async def test_a_wrong_output_is_told_to_a_model_that_cannot_repair():
    model = ScriptedModel([call("final_result", name="Atlantis"), call("final_result", name="Oslo")])
    result = await Agent(model, output_type=City).run("Which?")
    (reason, is_error), _ = told(result)
    assert (result.output.name, is_error) == ("Oslo", True)
    assert reason.startswith("The arguments are wrong. /name: there is no such city")


async def test_text_is_no_answer_where_a_type_is_asked_for():
    model = ScriptedModel(["It is 3.", call("final_result", response=3)])
    result = await Agent(model, output_type=int).run("1 + 2?")
    assert result.output == 3
    assert model.requests[1].messages[-1] == UserMessage("Text is no answer here: call final_result.", is_retry=True)

    stubborn = await Agent(ScriptedModel(["3", "3", "3"]), output_type=int).run("1 + 2?")
    assert stubborn.stop_reason == "retries_exhausted"
    assert "Text is no answer here" in stubborn.stop_detail


async def test_without_an_output_there_is_none():
    spent = await Agent(ScriptedModel([]), output_type=int, usage_limits=UsageLimits(turns=0)).run("1 + 2?")
    assert (spent.stop_reason, spent.has_output) == ("usage_limit", False)
    with pytest.raises(RunStopped, match="usage_limit"):
        _ = spent.output
    repeated = bad_call("final_result", "call:final_result{")
    result = await Agent(ScriptedModel([repeated, repeated]), output_type=int, retries=3).run("1 + 2?")
    assert (result.stop_reason, result.has_output) == ("repeated_call", False)


# -- validators


async def test_a_validator_has_its_field_repaired():
    model = ScriptedModel([call("final_result", name="Rome", people=3)], repairs=[{"name": "Lima"}, {"name": "Oslo"}])
    agent = Agent(model, output_type=City, deps_type=set)
    seen = []

    @agent.output_validator
    def among(context: RunContext[set], city: City) -> City:
        seen.append(city.name)
        if city.name not in context.deps:
            raise ModelRetry("it has to be in Norway", argument="name")
        return city

    result = await agent.run("Which?", deps={"Oslo"})
    assert result.output == City(name="Oslo", people=3)
    assert seen == ["Rome", "Lima", "Oslo"]
    assert [wrong.pointers for wrong in model.wrong] == [("/name",), ("/name",)]
    assert model.wrong[-1].banned == {"/name": ["Rome", "Lima"]}
    assert told(result) == [("Final result processed.", False)]


async def test_a_value_without_fields_is_repaired_where_it_stands():
    repairs = [{"response": [1, 4]}, {"response": [1, 3]}]
    numbers = ScriptedModel([call("final_result", response=[2, 4])], repairs=repairs)
    agent = Agent(numbers, output_type=list[int])

    @agent.output_validator
    async def odd(value: list[int]) -> list[int]:
        for index, number in enumerate(value):
            if number % 2 == 0:
                raise ModelRetry("it has to be odd", argument=f"/{index}" if index else "0")
        return value

    assert (await agent.run("Which?")).output == [1, 3]
    assert [wrong.pointers for wrong in numbers.wrong] == [("/response/0",), ("/response/1",)]

    number = ScriptedModel([call("final_result", response=2)], repairs=[{"response": 5}])
    single = Agent(number, output_type=int)

    @single.output_validator
    def large(value: int) -> int:
        if value < 3:
            raise ModelRetry("it is too small")
        return value * 10

    assert (await single.run("Which?")).output == 50
    assert number.wrong[0].pointers == ("/response",)


async def test_what_stays_wrong_is_told_and_costs_a_retry():
    model = ScriptedModel([call("final_result", response=n) for n in range(4)])
    agent = Agent(model, output_type=int)

    @agent.output_validator
    def never(value: int) -> int:
        raise ModelRetry("no")

    result = await agent.run("Which?")
    assert result.stop_reason == "retries_exhausted"
    assert told(result) == [("/response: no", True)] * 2


async def test_text_is_validated_too():
    model = ScriptedModel(["hi", "Hi."])
    agent = Agent(model)

    @agent.output_validator
    def sentence(context: RunContext, text: str) -> str:
        if not text.endswith("."):
            raise ModelRetry("write a sentence" if not context.last_attempt else "never")
        return text.upper()

    result = await agent.run("Hello")
    assert result.output == "HI."
    assert model.requests[1].messages[-1] == UserMessage("write a sentence", is_retry=True)


async def test_validators_run_in_their_order_and_their_own_errors_are_raised():
    agent = Agent(FunctionModel(lambda request: "a"))
    agent.output_validator(lambda text: text + "b")
    agent.output_validator(lambda text: text + "c")
    assert (await agent.run("?")).output == "abc"
    agent.output_validator(lambda text: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await agent.run("?")
    for wrong in (lambda: None, lambda a, b, c: None, lambda text, *, mark: None):
        with pytest.raises(UserError, match="output validator"):
            agent.output_validator(wrong)

    def turned_round(text: str, context: RunContext) -> str: ...

    with pytest.raises(UserError, match="RunContext comes first"):
        agent.output_validator(turned_round)


async def test_a_validator_that_forgets_to_return_is_the_developers():
    def look(value: object) -> None:
        assert value is not None

    def three() -> int:
        return 3

    for output_type, reply in [
        (str, "hi"),
        (int, call("final_result", response=3)),
        (City, call("final_result", name="Oslo", people=3)),
        (three, call("three")),
    ]:
        agent: Agent = Agent(ScriptedModel([reply]), output_type=output_type)
        agent.output_validator(look)
        with pytest.raises(UserError, match=r"look at .* gave nothing back: return the output"):
            await agent.run("Which?")


async def test_a_validator_may_give_none_where_none_is_an_output():
    def anything():
        return 3

    for output_type, reply in [(int | None, call("final_result", response=3)), (anything, call("anything"))]:
        agent: Agent = Agent(ScriptedModel([reply]), output_type=output_type)
        agent.output_validator(lambda value: None)
        assert (await agent.run("Which?")).output is None


@pytest.mark.parametrize("limit", [None, UsageLimits(seconds=0.05)])
async def test_a_validator_that_hangs_is_left_behind_when_the_run_ends(limit):
    token, release, ended = CancellationToken(), threading.Event(), threading.Event()
    agent = Agent(ScriptedModel(["hi"]))

    @agent.output_validator
    def hang(text: str) -> str:
        if limit is None:
            token.cancel()
        release.wait(60)
        ended.set()
        return text

    if limit is None:
        with pytest.raises(RunCancelled):
            await agent.run("?", cancellation_token=token)
    else:
        assert (await agent.run("?", usage_limits=limit)).stop_reason == "usage_limit"
    assert not ended.is_set()
    release.set()
    assert await anyio.to_thread.run_sync(ended.wait, 60)


class Exclaim:
    async def __call__(self, text: str) -> str:
        return f"{text}!"


async def later(text: str) -> str:
    return f"{text} later"


@pytest.mark.parametrize(
    ("validator", "output"),
    [
        (partial(later), "hi later"),
        (lambda text: later(text), "hi later"),
        (lambda context, text: later(text), "hi later"),
        (lambda text, mark="?": text + mark, "hi?"),
        (lambda text, *, mark="?": text + mark, "hi?"),
        (Exclaim(), "hi!"),
    ],
)
async def test_whatever_a_validator_gives_to_await_is_awaited(validator, output):
    agent = Agent(ScriptedModel(["hi"]))
    agent.output_validator(validator)
    assert (await agent.run("?")).output == output


# -- output functions


async def test_a_functions_value_is_the_output():
    def order(context: RunContext[list], item: str, count: int = 1) -> int:
        """Order something."""
        context.deps.append((item, count))
        return count

    model = ScriptedModel([call("order", item="tea", count=2)])
    agent = Agent(model, output_type=order, deps_type=list)
    orders: list[Any] = []
    result = await agent.run("Two teas", deps=orders)
    assert (result.output, orders) == (2, [("tea", 2)])
    assert model.requests[0].output_tools[0].description == "Order something."
    assert told(result) == [("Final result processed.", False)]


async def test_an_output_function_speaks_to_the_model():
    async def order(item: str) -> str:
        if item == "gold":
            raise ToolFailed("we have none")
        if item == "lead":
            raise ModelRetry("too heavy", argument="item")
        return f"{item} is on its way"

    model = ScriptedModel([call("order", item=item) for item in ("gold", "lead", "tea")])
    result = await Agent(model, output_type=order).run("Order.")
    assert result.output == "tea is on its way"
    assert [content for content, _ in told(result)] == ["we have none", "item: too heavy", "Final result processed."]
    repaired = ScriptedModel([call("order", item="lead")], repairs=[{"item": "tea"}])
    assert (await Agent(repaired, output_type=order).run("Order.")).output == "tea is on its way"

    def broken(item: str) -> str:
        return item.no_such_thing

    with pytest.raises(AttributeError):
        await Agent(ScriptedModel([call("broken", item="tea")]), output_type=broken).run("Order.")


async def test_an_output_function_may_wait_for_a_person_or_take_too_long():
    def pay(amount: int) -> int:
        raise ApprovalRequired("Pay?")

    async def wait() -> int:
        await anyio.sleep(60)
        return 0

    result = await Agent(ScriptedModel([call("pay", amount=3)]), output_type=pay).run("Pay.")
    assert (result.stop_reason, result.has_output) == ("approval_required", False)
    with pytest.raises(ApprovalRequired):
        _ = result.output
    slow = Agent(ScriptedModel([call("wait")]), output_type=wait, tool_timeout=0.01, retries=0)
    assert "did not finish within" in (await slow.run("Wait.")).stop_detail


async def test_an_output_function_is_not_said_to_be_unfinished_when_it_is_a_validator_that_takes_too_long():
    async def book(seat: str) -> str:
        return f"booked {seat}"

    agent = Agent(ScriptedModel([call("book", seat="1A")]), output_type=book, tool_timeout=0.01, retries=0)

    @agent.output_validator
    async def look(output: str) -> str:
        await anyio.sleep(60)
        return output

    assert "This was carried out, but its result was not checked within 0.01 s" in (await agent.run("?")).stop_detail


async def test_no_output_function_begins_in_a_cancelled_run():
    token = CancellationToken()

    def reply(request):
        token.cancel()
        return call("book", seat="1A")

    async def book(seat: str) -> None:
        raise AssertionError("it began")

    with pytest.raises(RunCancelled):
        await Agent(FunctionModel(reply), output_type=book).run("?", cancellation_token=token)


async def test_nothing_is_put_out_while_a_tool_of_the_turn_waits():
    made = []

    @tool
    def pay() -> None:
        """Pay."""
        raise ApprovalRequired("Pay?")

    model = ScriptedModel([[call("made", response=1), call("pay")]])
    result = await Agent(model, tools=[pay], output_type=ToolOutput(made.append, name="made")).run("Go.")
    assert (result.stop_reason, made) == ("approval_required", [])


async def test_functions_types_and_text_are_alternatives():
    def double(number: int) -> int:
        return 2 * number

    power = ToolOutput(partial(double, number=2), name="power")
    outputs = collect_outputs([double, ToolOutput(add, name="sum"), power, City, str])
    assert list(outputs.tools) == ["double", "sum", "power", "final_result"]
    assert outputs.allow_text
    model = ScriptedModel([call("double", number=4)])
    assert (await Agent(model, output_type=[double, City, str]).run("4 * 2?")).output == 8


async def test_nothing_is_put_out_before_the_tools_of_the_turn_are_right():
    done = []

    @tool(requires_approval=lambda context, arguments: arguments["amount"] > 100)
    def pay(amount: int) -> None:
        if amount < 10:
            raise ModelRetry("too little", argument="amount")
        done.append(amount)

    def close(name: str) -> str:
        done.append(name)
        return name

    turn = [call("close", name="ada"), call("pay", amount=1)]
    result = await Agent(ScriptedModel([turn], repairs=[{"amount": 50}]), tools=[pay], output_type=close).run("Go.")
    assert (result.output, done) == ("ada", [50, "ada"])

    done.clear()
    agent = Agent(ScriptedModel([turn], repairs=[{"amount": 500}]), tools=[pay], output_type=close)
    first = await agent.run("Go.")
    assert (first.stop_reason, done) == ("approval_required", [])
    decided = DeferredToolResults({first.pending_calls[0].id: True})
    result = await agent.run(None, message_history=first.all_messages(), deferred_tool_results=decided)
    assert (result.output, done) == ("ada", [500, "ada"])


async def test_nothing_else_is_put_out_while_an_output_waits():
    done = []

    def refund(context: RunContext) -> str:
        if not context.tool_call_approved:
            raise ApprovalRequired()
        done.append("refund")
        return "refunded"

    def voucher() -> str:
        done.append("voucher")
        return "a voucher"

    agent = Agent(ScriptedModel([[call("refund"), call("voucher")]]), output_type=[refund, voucher])
    first = await agent.run("Go.")
    assert (first.stop_reason, done) == ("approval_required", [])
    decided = DeferredToolResults({first.pending_calls[0].id: True})
    result = await agent.run(None, message_history=first.all_messages(), deferred_tool_results=decided)
    assert (result.output, done) == ("refunded", ["refund"])


async def test_an_output_function_that_runs_an_agent_which_waits_is_the_developers():
    @tool(requires_approval=True)
    def pay() -> None:
        raise AssertionError("it began")

    helper = Agent(ScriptedModel([call("pay")]), tools=[pay], output_type=int)

    async def ask() -> int:
        return (await helper.run("?")).output

    with pytest.raises(UserError, match=r"approve pay.*as_tool"):
        await Agent(ScriptedModel([call("ask")]), output_type=ask).run("?")


async def later_enough(value: int) -> None:
    await checkpoint()
    enough(value)


def enough(value: int) -> None:
    if value < 5:
        raise ModelRetry("too little", argument="number")


@pytest.mark.parametrize("check", [enough, later_enough])
async def test_the_check_of_a_function_holds_for_outputs(check):
    @tool(check=check)
    def double(number: int) -> int:
        return 2 * number

    model = ScriptedModel([call("double", number=1)], repairs=[{"number": 4}])
    assert (await Agent(model, output_type=double).run("?")).output == 8


async def test_what_else_a_validator_raises_is_the_developers():
    agent = Agent(ScriptedModel([call("final_result", response=1)]), output_type=int)

    @agent.output_validator
    def broken(number: int) -> int:
        raise ToolFailed("mine")

    with pytest.raises(ToolFailed, match="mine"):
        await agent.run("?")
