from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import Agent, AssistantMessage, ModelSettings, Tool, ToolCallPart, ToolDefinition, UserMessage
from agentkit.models.base import ModelRequest
from agentkit.retrieval import SLIPS, ToolIndex, fitness, stems, tools_in_view
from agentkit.testing import FunctionModel


def definition(name: str, description: str = "", **properties: Any) -> ToolDefinition:
    return ToolDefinition(name, description, {"type": "object", "properties": properties})


TOOLS = [
    definition("cancel_invoice", "Cancel an invoice."),
    definition("send_invoice", "Send an invoice to a customer.", recipient={"type": "string"}),
    definition("getParcelWeight", "Tell how heavy a parcel is.", code={"description": "The tracking code."}),
    definition("book_table", "Reserve a table.", size={"enum": ["small", "large"]}, at={"anyOf": [{"type": "string"}]}),
]


def best(request: str) -> str:
    scores = ToolIndex(TOOLS).scores(request)
    return TOOLS[scores.index(max(scores))].name


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("cancel the invoice 42", "cancel_invoice"),
        ("please, could you send it to the customer", "send_invoice"),
        ("parcel weight?", "getParcelWeight"),
        ("I am looking for tracking codes", "getParcelWeight"),
        ("a large one", "book_table"),
        ("reserving tables", "book_table"),
        ("cancle the invoices", "cancel_invoice"),
    ],
)
def test_words_lead_to_the_tool(request_: str, expected: str) -> None:
    assert best(request_) == expected


def test_words_are_cut_to_stems() -> None:
    assert list(stems("getInvoices XMLParser-2 batteries stopped")) == [
        "get",
        "invoic",
        "xml",
        "parser",
        "2",
        "battery",
        "stop",
    ]
    for group in (
        ("close", "closes", "closed", "closing"),
        ("watch", "watches"),
        ("class", "classes"),
        ("tell", "telling"),
    ):
        assert len({next(stems(word)) for word in group}) == 1, group


def test_a_request_without_a_known_word_fits_nothing() -> None:
    assert ToolIndex(TOOLS).scores("qqqq") == [0, 0, 0, 0] and ToolIndex([]).scores("anything") == []


@given(st.text(), st.lists(st.tuples(st.text(), st.text()), max_size=5), st.integers(1, 6))
def test_any_text_may_be_asked_and_described(request: str, texts: list[tuple[str, str]], most: int) -> None:
    tools = [
        definition(f"tool_{place}", about, **{name: {"description": about}})
        for place, (name, about) in enumerate(texts)
    ]
    chosen = tools_in_view(tools, [UserMessage(request)], most)
    assert len(chosen) == min(most, len(tools)) and [tool for tool in tools if tool in chosen] == list(chosen)


def test_words_that_no_spaces_divide_are_found() -> None:
    tools = [definition("a", "取消发票"), definition("b", "发送包裹"), definition("c", "查询天气")]
    for request, expected in (("请取消这张发票", "a"), ("请查询明天的天气", "c")):
        scores = ToolIndex(tools).scores(request)
        assert tools[scores.index(max(scores))].name == expected
    assert list(stems("取消发票, 票")) == ["取消", "消发", "发票", "票"]


def test_what_a_tool_refers_to_is_told() -> None:
    fruit = {"description": "Tropical fruit", "enum": ["durian"]}
    tool = ToolDefinition("plant", "", {"properties": {"x": {"$ref": "#/$defs/Fruit"}}, "$defs": {"Fruit": fruit}})
    assert ToolIndex([tool, *TOOLS]).scores("durians in the tropics")[0] > 0


def test_a_long_text_is_soon_ranked(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []

    def nearest(word: str, *_: Any, **options: Any) -> list[str]:
        looked_up.append(word)
        return []

    monkeypatch.setattr("agentkit.retrieval.get_close_matches", nearest)
    index = ToolIndex(TOOLS)
    unknown = " ".join(f"{a}{b}{c}zzz" for a in "abcdefg" for b in "hijklm" for c in "nopqrst")
    assert index.scores("cancle " + unknown) == index.scores("cancle " + unknown)
    assert len(looked_up) == len(set(looked_up)) == SLIPS
    assert looked_up[0] == "cancl"


def names(*said: Any, most: int | None, keep: str | None = None) -> list[str]:
    messages = [UserMessage(text) if isinstance(text, str) else text for text in said]
    return [tool.name for tool in tools_in_view(TOOLS, messages, most, keep=keep)]


def test_as_many_as_may_be_are_in_view() -> None:
    assert names("book a table", most=None) == names("book a table", most=4) == [tool.name for tool in TOOLS]
    assert names("book a table", most=1) == ["book_table"]
    assert len(names("nothing of it", most=2)) == 2


def test_the_conversation_before_counts_for_less() -> None:
    assert names("send the invoice", "and the parcel?", most=1) == ["getParcelWeight"]
    assert names("book a table", "the same again", most=1) == ["book_table"]


def test_how_well_the_tools_fit() -> None:
    messages = [
        UserMessage("send the invoice"),
        UserMessage("write it again", is_retry=True),
        UserMessage("book a table"),
    ]
    cancel, send, parcel, table = fitness(TOOLS, messages)
    assert table > send > cancel > parcel == 0.0
    assert fitness(TOOLS, messages[:2]) == ToolIndex(TOOLS).scores("send the invoice")
    assert fitness(TOOLS, []) == [0.0] * 4
    assert fitness([], messages) == []


def test_what_was_called_and_what_is_asked_for_stays() -> None:
    called = AssistantMessage((ToolCallPart("book_table", {}, "1"),))
    assert names("cancel the invoice", called, most=1) == ["book_table"]
    assert names("cancel the invoice", called, most=2) == ["cancel_invoice", "book_table"]
    assert names("cancel the invoice", called, "cancel the invoice", most=1) == ["cancel_invoice"]
    assert names("cancel the invoice", most=1, keep="book_table") == ["book_table"]
    assert names("cancel the invoice", called, most=1, keep="send_invoice") == ["send_invoice", "book_table"]


def shop() -> list[Tool]:
    return [
        Tool.from_schema(lambda: "done", name=tool.name, description=tool.description, json_schema=tool.parameters)
        for tool in TOOLS
    ]


async def seen(prompt: str, settings: ModelSettings) -> list[list[str]]:
    turns: list[list[str]] = []

    def model(request: ModelRequest) -> AssistantMessage | str:
        turns.append([tool.name for tool in request.tools])
        if len(turns) > 1:
            return "Done."
        return AssistantMessage((ToolCallPart(turns[0][0], {}, "1"),))

    await Agent(FunctionModel(model), tools=shop(), model_settings=settings).run(prompt)
    return turns


@pytest.mark.anyio
async def test_all_turns_of_a_run_are_told_about_the_same_few_tools() -> None:
    assert await seen("weigh the parcel", ModelSettings(max_tools=1)) == [["getParcelWeight"]] * 2
    assert await seen("weigh the parcel", ModelSettings()) == [[tool.name for tool in TOOLS]] * 2


@pytest.mark.anyio
async def test_a_model_may_set_how_many_tools_it_is_told_about() -> None:
    turns: list[int] = []

    def model(request: ModelRequest) -> str:
        turns.append(len(request.tools))
        return "ok"

    few = FunctionModel(model)
    few.settings = ModelSettings(max_tools=2)
    agent = Agent(few, tools=shop())
    await agent.run("cancel the invoice")
    await agent.run("cancel the invoice", model_settings=ModelSettings(max_tools=3))
    assert turns == [2, 3]
