"""Conversations as the model sees them, shown as text with the markers by name."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.dialects import GEMMA_MARKERS, Gemma4
from agentkit.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    TextPart,
    ThoughtPart,
    ToolCallPart,
    ToolDefinition,
    ToolMessage,
    ToolResult,
    UserMessage,
)
from agentkit.models.reading import message_of

WEATHER = ToolDefinition("weather", "Weather", {"type": "object", "properties": {"city": {"type": "string"}}})
DECLARED = (
    '<|tool>declaration:weather{description:<|"|>Weather<|"|>,parameters:{'
    'properties:{city:{type:<|"|>STRING<|"|>}},type:<|"|>OBJECT<|"|>}}<tool|>'
)
CALLED = '<|tool_call>call:weather{city:<|"|>Oslo<|"|>}<tool_call|>'
ANSWERED = '<|tool_response>response:weather{sky:<|"|>clear<|"|>,t:-3.5}<tool_response|>'

ask = UserMessage("Oslo?")
call = AssistantMessage((ThoughtPart("Look it up."), ToolCallPart("weather", {"city": "Oslo"}, "1")))
result = ToolMessage((ToolResult("1", "weather", {"t": -3.5, "sky": "clear"}),))
answer = AssistantMessage((TextPart("Cold and clear."),))

Write = Callable[[str], list[int]]


def show(gemma: Gemma4, messages: list[Message], tools: tuple[ToolDefinition, ...] = (), **settings) -> str:
    return gemma.tokenizer.decode(gemma.render(messages, tools, **settings), markers=True)


def own(gemma: Gemma4, tokens: list[int]) -> AssistantMessage:
    """What the model "m" wrote."""
    return message_of(gemma.parse(tokens), tokens, model="m", turn=0)


def test_a_question(gemma: Gemma4) -> None:
    assert show(gemma, [UserMessage(" Hi \n")]) == (
        "<bos><|turn>user\nHi<turn|>\n<|turn>model\n<|channel>thought\n<channel|>"
    )


def test_instructions_tools_and_thinking_share_the_system_turn(gemma: Gemma4) -> None:
    messages = [SystemMessage("\nBe kind. "), UserMessage("Hi")]
    assert show(gemma, messages, (WEATHER,), thinking=True) == (
        f"<bos><|turn>system\n<|think|>\nBe kind.{DECLARED}<turn|>\n<|turn>user\nHi<turn|>\n<|turn>model\n"
    )
    assert show(gemma, [UserMessage("Hi")], (WEATHER,)).startswith(
        f"<bos><|turn>system\n{DECLARED}<turn|>\n<|turn>user"
    )


def test_answers_of_tools_stay_in_the_models_turn(gemma: Gemma4) -> None:
    start = "<bos><|turn>user\nOslo?<turn|>\n<|turn>model\n<|channel>thought\nLook it up.\n<channel|>"
    assert show(gemma, [ask, call]) == f"{start}{CALLED}<|tool_response>"
    assert show(gemma, [ask, call, result]) == f"{start}{CALLED}{ANSWERED}"
    assert show(gemma, [ask, call, result, answer], thinking=True) == (
        f"<bos><|turn>system\n<|think|>\n<turn|>\n{start[5:]}{CALLED}{ANSWERED}Cold and clear.<turn|>\n<|turn>model\n"
    )


def test_thoughts_of_earlier_turns_are_dropped(gemma: Gemma4) -> None:
    assert show(gemma, [ask, call, result, answer, UserMessage("And now?")]) == (
        f"<bos><|turn>user\nOslo?<turn|>\n<|turn>model\n{CALLED}{ANSWERED}Cold and clear.<turn|>\n"
        "<|turn>user\nAnd now?<turn|>\n<|turn>model\n<|channel>thought\n<channel|>"
    )


def test_several_calls_and_their_answers_follow_each_other(gemma: Gemma4) -> None:
    calls = AssistantMessage((TextPart("So."), ToolCallPart("a", {}, "1"), ToolCallPart("b", {"x": 1}, "2")))
    results = ToolMessage((ToolResult("1", "a", "done"), ToolResult("2", "b", "no such x", is_error=True)))
    assert show(gemma, [ask, calls, results]).endswith(
        "<|turn>model\nSo.<|tool_call>call:a{}<tool_call|><|tool_call>call:b{x:1}<tool_call|>"
        '<|tool_response>response:a{value:<|"|>done<|"|>}<tool_response|>'
        '<|tool_response>response:b{error:<|"|>no such x<|"|>}<tool_response|>'
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "true"),
        (12345678901234567890, "12345678901234567890"),
        (1e308, "1e+308"),
        (-0.0, "-0.0"),
        (5e-324, "5e-324"),
        ([], "[]"),
        ({}, "{}"),
        ("", '<|"|><|"|>'),
        ({"b": 1, "A": [{"k": None}]}, "{A:[{k:None}],b:1}"),
        ({"": 1}, '{<|"|><|"|>:1}'),
        ({"a b-c.d/é": 1}, "{a b-c.d/é:1}"),
        ({" a": 1, "x:y": 2, "<|turn>": 3}, '{<|"|> a<|"|>:1,<|"|><|turn><|"|>:3,<|"|>x:y<|"|>:2}'),
    ],
)
def test_values(gemma: Gemma4, value: object, text: str) -> None:
    tokens = gemma.render_call("f", {"v": value})
    assert gemma.tokenizer.decode(tokens, markers=True) == f"<|tool_call>call:f{{v:{text}}}<tool_call|>"


def test_what_json_cannot_hold_is_refused(gemma: Gemma4) -> None:
    with pytest.raises(TypeError, match="a value of type set"):
        gemma.render_call("f", {"v": {1}})
    assert gemma.parse(gemma.render_call("f", {"v": math.inf})).faults


def test_a_call_that_could_not_be_read_is_shown_as_it_was(gemma: Gemma4) -> None:
    bad = ToolCallPart("f", None, "1", raw='<|tool_call>call:f{x:<|"|>a}<tool_call|>', fault="not closed")
    tokens = gemma.render([ask, AssistantMessage((bad,)), ToolMessage((ToolResult("1", "f", "oh"),))])
    assert '<|tool_call>call:f{x:<|"|>a}<tool_call|><|tool_response>' in gemma.tokenizer.decode(tokens, markers=True)
    assert tokens.count(gemma.tokenizer.control['<|"|>']) == 2  # those of the response


class TestReplay:
    """Messages of the model's own are replayed by their tokens."""

    def test_only_for_the_model_that_wrote_them(self, gemma: Gemma4, write: Write) -> None:
        message = own(gemma, write("Cold.\n\n<turn|>"))
        assert "Cold.\n\n<turn|>" in show(gemma, [ask, message, ask], model="m")
        for other in (None, "n"):
            assert "Cold.<turn|>" in show(gemma, [ask, message, ask], model=other)

    def test_only_while_they_say_what_the_message_says(self, gemma: Gemma4, write: Write) -> None:
        message = own(gemma, write("The key is 1234.<turn|>"))
        changed = replace(message, parts=(TextPart("(removed)"),))
        assert "<|turn>model\n(removed)<turn|>" in show(gemma, [ask, changed, ask], model="m")
        called = own(gemma, write("<|tool_call>call:f{on: true}<tool_call|><|tool_response>"))
        changed = replace(called, parts=(replace(called.calls[0], arguments={"on": 1}),))
        assert "call:f{on:1}" in show(gemma, [ask, changed, result], model="m")
        renamed = replace(called, parts=(replace(called.calls[0], id="call_7"),))
        assert "call:f{on: true}" in show(gemma, [ask, renamed, result], model="m")

    def test_a_call_ends_with_the_stop_that_opens_the_response(self, gemma: Gemma4, write: Write) -> None:
        prompt = gemma.render([ask], [WEATHER], model="m")
        tokens = gemma.render_call("weather", {"city": "Oslo"}, stop=True)
        longer = gemma.render([ask, own(gemma, tokens), result], [WEATHER], model="m")
        assert longer == prompt + tokens + gemma.render_response(result.results[0], opened=True)
        assert gemma.render([ask, own(gemma, tokens)], [WEATHER], model="m") == prompt + tokens
        answered = [ask, own(gemma, tokens), result, own(gemma, gemma.render_answer("Cold."))]
        assert gemma.render(answered, [WEATHER], model="m")[: len(longer)] == longer

    def test_what_opened_an_earlier_turn_is_dropped_with_its_thoughts(self, gemma: Gemma4, write: Write) -> None:
        """So it is in the models' templates, and in what they learn from."""
        called = own(gemma, gemma.render_call("weather", {"city": "Oslo"}, stop=True))
        answered = [ask, called, result, own(gemma, gemma.render_answer("Cold."))]
        by_parts = [replace(m, tokens=None) if isinstance(m, AssistantMessage) else m for m in answered]
        shown = show(gemma, [*answered, ask], model="m")
        assert shown == show(gemma, [*by_parts, ask], model="m")
        assert shown.count("<|channel>") == 1 and shown.endswith("<|channel>thought\n<channel|>")

    def test_spaces_and_key_order_of_the_model_are_kept(self, gemma: Gemma4, write: Write) -> None:
        tokens = write("<|tool_call>call:f{b: 1,a:2}<tool_call|><|tool_response>")
        assert "call:f{b: 1,a:2}<tool_call|><|tool_response>response:" in show(
            gemma, [ask, own(gemma, tokens), result], model="m"
        )

    @pytest.mark.parametrize(
        ("written", "replayed"),
        [
            ("<|tool_call>call:f{}<tool_call|><|tool_response>", "<|tool_call>call:f{}<tool_call|>"),
            ("<|tool_call>call:f{}<turn|>", "<|tool_call>call:f{}<tool_call|>"),
            ("<|tool_call>call:f{}<tool_call|><eos>", "<|tool_call>call:f{}<tool_call|>"),
            ("<|tool_call>call:f{a:", "<|tool_call>call:f{a:<tool_call|>"),
            ("<|channel>thought\nhm<turn|>", "<|channel>thought\nhm<channel|>"),
            ("call:f{}<turn|>beyond the stop", "call:f{}"),
        ],
    )
    def test_results_follow_however_the_call_ended(
        self, gemma: Gemma4, write: Write, written: str, replayed: str
    ) -> None:
        text = show(gemma, [ask, own(gemma, write(written)), result], model="m")
        assert text.endswith(f"<|turn>model\n<|channel>thought\n<channel|>{replayed}{ANSWERED}")

    @pytest.mark.parametrize(
        ("written", "replayed"),
        [
            ("Hi.<turn|>", "Hi.<turn|>\n"),
            ("Hi.<eos><pad>", "Hi.<turn|>\n"),
            ("Hi", "Hi<turn|>\n"),
            ("<|channel>thought\nhm\n<channel|>Hi.<turn|>", "Hi.<turn|>\n"),
            ("<|channel>thought\nhm<|tool_call>call:f{}<tool_call|>", "<|tool_call>call:f{}<tool_call|><turn|>\n"),
            ("<|tool_call>call:f{}<tool_call|><|tool_response>", "<|tool_call>call:f{}<tool_call|><|tool_response>"),
        ],
    )
    def test_the_next_question_follows_a_closed_turn(
        self, gemma: Gemma4, write: Write, written: str, replayed: str
    ) -> None:
        text = show(gemma, [ask, own(gemma, write(written)), ask], thinking=True, model="m")
        assert f"Oslo?<turn|>\n<|turn>model\n{replayed}<|turn>user\nOslo?<turn|>\n<|turn>model\n" in text

    def test_thoughts_are_kept_before_calls_of_the_turn_at_hand_and_nowhere_else(
        self, gemma: Gemma4, write: Write
    ) -> None:
        thought = "<|channel>thought\nhm\n<channel|>"
        said = own(gemma, write(f"{thought}Hi.<turn|>"))
        called = own(gemma, write(f"{thought}<|tool_call>call:weather{{}}<tool_call|><|tool_response>"))
        assert thought in show(gemma, [ask, called, result], thinking=True, model="m")
        assert thought not in show(gemma, [ask, called, result, answer, ask], thinking=True, model="m")
        assert thought not in show(gemma, [ask, said, answer], thinking=True, model="m")
        cut = own(gemma, write("<|channel>thought\nhm"))
        assert show(gemma, [ask, cut], thinking=True, model="m").endswith("<|channel>thought\nhm")

    def test_a_message_that_was_cut_off_goes_on_where_it_was(self, gemma: Gemma4, write: Write) -> None:
        tokens = write('<|tool_call>call:f{a:<|"|>par')
        assert gemma.render([ask, own(gemma, tokens)], model="m") == gemma.render([ask], model="m") + tokens


def test_blanks_between_texts_belong_to_the_answer(gemma: Gemma4) -> None:
    said = AssistantMessage((TextPart(" The answer is "), ThoughtPart("hm"), TextPart("42. ")))
    assert "<|turn>model\nThe answer is 42.<turn|>" in show(gemma, [ask, said, ask])


def test_odd_orders_stay_well_formed(gemma: Gemma4) -> None:
    model = "<|turn>model\n"
    assert show(gemma, [answer, answer]).startswith(
        f"<bos>{model}Cold and clear.<turn|>\n{model}Cold and clear.<turn|>\n"
    )
    assert show(gemma, [ask, result, answer, result]).endswith(
        f"{model}{ANSWERED}Cold and clear.<turn|>\n{model}{ANSWERED}"
    )
    assert show(gemma, [ask, SystemMessage("Now rhyme.")]).endswith(
        "<|turn>system\nNow rhyme.<turn|>\n<|turn>model\n<|channel>thought\n<channel|>"
    )
    assert show(gemma, []) == "<bos><|turn>model\n<|channel>thought\n<channel|>"


texts = st.lists(st.text() | st.sampled_from(GEMMA_MARKERS), max_size=4).map("".join)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_no_text_can_open_or_close_anything(gemma: Gemma4, data: st.DataObject) -> None:
    """The control tokens of a conversation are the same whatever its texts say."""

    def conversation(text: Callable[[], str]) -> tuple[list[Message], list[ToolDefinition]]:
        schema = {
            "type": "object",
            "properties": {"a": {"type": "string", "description": f"x{text()}", "enum": [text()]}},
            "required": [text()],
        }
        messages: list[Message] = [
            SystemMessage(text()),
            UserMessage(text()),
            AssistantMessage(
                (
                    ThoughtPart(text()),
                    TextPart(text()),
                    ToolCallPart("f", {"a": text(), "b": [text(), {"c": text()}]}, "1"),
                    ToolCallPart("f", None, "2", raw=text()),
                )
            ),
            ToolMessage((ToolResult("1", "f", text()), ToolResult("2", text(), {"k": text()}, is_error=True))),
            AssistantMessage((TextPart(text()),)),
        ]
        return messages, [ToolDefinition("f", text(), schema)]

    def controls(text: Callable[[], str]) -> list[int]:
        return [id for id in gemma.render(*conversation(text), thinking=True) if gemma.tokenizer.is_control(id)]

    assert controls(lambda: data.draw(texts)) == controls(lambda: "x")


@settings(deadline=None, max_examples=60)
@given(keys=st.dictionaries(texts, texts, max_size=4))
def test_keys_cannot_either(gemma: Gemma4, keys: dict[str, str]) -> None:
    tokens = gemma.render_response(ToolResult("1", "f", keys))
    control = gemma.tokenizer.control
    assert tokens[0] == control["<|tool_response>"] and tokens[-1] == control["<tool_response|>"]
    assert {id for id in tokens[1:-1] if gemma.tokenizer.is_control(id)} <= {control['<|"|>']}
    assert tokens.count(control['<|"|>']) % 2 == 0


def test_parts_make_the_whole(gemma: Gemma4, write: Write) -> None:
    whole = gemma.render([SystemMessage("S"), ask, call, result, answer, ask], [WEATHER])
    parts = [
        gemma.render_bos(),
        gemma.render_system("S", [WEATHER]),
        gemma.render_user("Oslo?"),
        gemma.render_prompt(thinking=True),
        gemma.render_call("weather", {"city": "Oslo"}, stop=True),
        gemma.render_response(result.results[0], opened=True),
        gemma.render_answer("Cold and clear."),
        write("\n"),
        gemma.render_user("Oslo?"),
        gemma.render_prompt(),
    ]
    assert [id for part in parts for id in part] == whole
    assert gemma.render_call_opening() == write("<|tool_call>call:")
    assert gemma.render_call_opening("weather") == write("<|tool_call>call:weather{")
    assert gemma.render_thought("hm") == write("<|channel>thought\nhm\n<channel|>")
