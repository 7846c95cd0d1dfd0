"""What a model writes, as regions. Token by token: `write` makes markers of the markers in a text."""

import itertools
from collections.abc import Callable

import pytest

from agentkit.dialects import CallRegion, Gemma4, Parsed, TextRegion, ThoughtRegion

Write = Callable[[str], list[int]]


def one_call(parsed: Parsed) -> CallRegion:
    (call,) = parsed.calls
    return call


def covered(gemma: Gemma4, tokens: list[int], span: tuple[int, int] | None) -> str:
    assert span is not None
    return gemma.tokenizer.decode(tokens[slice(*span)], markers=True)


def smallest(gemma: Gemma4, tokens: list[int], text: str) -> tuple[int, int]:
    """The fewest tokens that cover a text that is there once."""
    pieces = [gemma.tokenizer.token_text(token) for token in tokens]
    whole = "".join(pieces)
    assert whole.count(text) == 1
    ends = list(itertools.accumulate(map(len, pieces)))
    first, last = whole.index(text), whole.index(text) + len(text) - 1
    return sum(end <= first for end in ends), sum(end <= last for end in ends) + 1


def test_thought_text_and_calls_in_a_row(gemma: Gemma4, write: Write) -> None:
    parts = [
        "<|channel>thought\nTwo calls.\n<channel|>",
        "One moment.",
        '<|tool_call>call:weather{city:<|"|>Oslo<|"|>}<tool_call|>',
        "<|tool_call>call:clock{}<tool_call|>",
    ]
    tokens = write("".join(parts) + "<|tool_response>") + write("never read")
    parsed = gemma.parse(tokens)
    thought, text, first, second = parsed.regions
    assert thought == ThoughtRegion("Two calls.", thought.span)
    assert text == TextRegion("One moment.", text.span)
    assert isinstance(first, CallRegion) and isinstance(second, CallRegion)
    assert (first.name, first.arguments) == ("weather", {"city": "Oslo"})
    assert (second.name, second.arguments) == ("clock", {})
    assert [covered(gemma, tokens, region.span) for region in parsed.regions] == parts
    assert [first.raw, second.raw] == parts[2:]
    assert (parsed.faults, parsed.open, parsed.text) == ((), False, "One moment.")
    assert parsed.stop == gemma.tokenizer.control["<|tool_response>"]
    assert parsed.length == sum(len(write(part)) for part in parts) + 1


def test_spans_of_nested_values(gemma: Gemma4, write: Write) -> None:
    tokens = write(
        '<|tool_call>call:plan{a/b~c: 12.50 ,steps:[{name:<|"|>x},{<|"|>,done:true},[],None],'
        '<|"|>to:<|"|>:{}}<tool_call|>'
    )
    call = one_call(gemma.parse(tokens))
    assert call.arguments == {"a/b~c": 12.5, "steps": [{"name": "x},{", "done": True}, [], None], "to:": {}}
    texts = {
        "/a~1b~0c": "12.50",
        "/steps": '[{name:<|"|>x},{<|"|>,done:true},[],None]',
        "/steps/0": '{name:<|"|>x},{<|"|>,done:true}',
        "/steps/0/name": '<|"|>x},{<|"|>',
        "/steps/0/done": "true",
        "/steps/1": "[]",
        "/steps/2": "None",
        "/to:": "{}",
    }
    assert set(call.value_spans) == {*texts, ""}
    for pointer, text in texts.items():
        assert call.value_spans[pointer] == smallest(gemma, tokens, text)
    keys = {
        "/a~1b~0c": "a/b~c",
        "/steps": "steps",
        "/steps/0/name": "name",
        "/steps/0/done": "done",
        "/to:": '<|"|>to:<|"|>',
    }
    assert call.key_spans == {pointer: smallest(gemma, tokens, text) for pointer, text in keys.items()}
    assert call.name_span == smallest(gemma, tokens, "plan")


def test_values_that_share_a_token_with_their_neighbours(gemma_shaped: Gemma4) -> None:
    """This vocabulary has the tokens `}}`, `:[` and `]}`."""
    tokenizer = gemma_shaped.tokenizer
    control = tokenizer.control
    tokens = [control["<|tool_call>"], *tokenizer.encode("call:f{x:[[3]],y:{z:{}}}"), control["<tool_call|>"]]
    pieces = [tokenizer.token_text(token) for token in tokens]
    call = one_call(gemma_shaped.parse(tokens))
    assert call.arguments == {"x": [[3]], "y": {"z": {}}}
    assert any(len(piece) > 1 and set(piece) <= set("{}[]:,") for piece in pieces[1:-1])
    for pointer, text in {"/x": "[[3]]", "/x/0": "[3]", "/x/0/0": "3", "/y": "{z:{}}", "/y/z": "{}"}.items():
        assert call.value_spans[pointer] == smallest(gemma_shaped, tokens, text)


VARIANTS = {
    "the standard": "<|tool_call>call:f-g.h{a:1}<tool_call|><|tool_response>",
    "a turn's end as closer": "<|tool_call>call:f-g.h{a:1}<turn|>",
    "the end of the output's text as closer": "<|tool_call>call:f-g.h{a:1}<eos>",
    "the response's opening as closer": "<|tool_call>call:f-g.h{a:1}<|tool_response>",
    "a colon before call": "<|tool_call>:call:f-g.h{a:1}<tool_call|>",
    "a colon for call": "<|tool_call>:f-g.h{a:1}<tool_call|>",
    "round brackets": "<|tool_call>call:f-g.h(a:1)<tool_call|>",
    "an opening in text, marked": "<|tool_call><call>f-g.h{a:1}<tool_call|>",
    "a thought that is not closed": "<|channel>thought\nhm<|tool_call>call:f-g.h{a:1}<tool_call|>",
    "a thought that is not opened": "thought\nhm\n<channel|><|tool_call>call:f-g.h{a:1}<tool_call|>",
    "neither opened nor closed": "thought\nhm<|tool_call>call:f-g.h{a:1}<tool_call|>",
    "blanks": "<|tool_call> call:f-g.h { a : 1 } <tool_call|>",
}


@pytest.mark.parametrize("text", VARIANTS.values(), ids=VARIANTS)
def test_variants_that_models_write(gemma: Gemma4, write: Write, text: str) -> None:
    tokens = write(text)
    parsed = gemma.parse(tokens)
    call = one_call(parsed)
    assert (call.name, call.arguments, parsed.faults, parsed.open) == ("f-g.h", {"a": 1}, (), False)
    assert parsed.text == ""
    assert [region.text for region in parsed.regions if isinstance(region, ThoughtRegion)] == ["hm"] * ("hm" in text)
    assert covered(gemma, tokens, call.span).strip() == call.raw.strip()
    assert "f-g.h" in covered(gemma, tokens, call.name_span)


@pytest.mark.parametrize(("word", "value"), [("null", None), ("nil", None), ("none", None), ("108.", 108.0), ("-0", 0)])
def test_values_that_models_write(gemma: Gemma4, write: Write, word: str, value: object) -> None:
    call = one_call(gemma.parse(write(f"<|tool_call>call:f{{a:{word}}}<tool_call|>")))
    assert call.arguments == {"a": value} and type(call.arguments["a"]) is type(value)


FAULTS = {
    # text: (kind, what the span covers, pointer, part of the reason)
    "call:f{a:Oslo,b:2}<tool_call|>": ("syntax", "Oslo", "/a", "'Oslo' is no value"),
    'call:f{a:"x"}<tool_call|>': ("syntax", '"x"', "/a", "no value"),
    "call:f{a:[1,x y]}<tool_call|>": ("syntax", "x y", "/a/1", "no value"),
    "call:f{a:1e999}<tool_call|>": ("syntax", "1e999", "/a", "too large"),
    f"call:f{{a:{'9' * 5000}}}<tool_call|>": ("syntax", "9" * 5000, "/a", "too large"),
    "call:f{a:007}<tool_call|>": ("syntax", "007", "/a", "no value"),
    "call:f{a:1,a:2}<tool_call|>": ("duplicate", "a:2", "/a", "twice"),
    "call:f{a:1,}<tool_call|>": ("syntax", "}", "", "a key must stand here"),
    "call:f{,}<tool_call|>": ("syntax", ",", "", "a key must stand here"),
    "call:f{a}<tool_call|>": ("syntax", "}", "", "':' must follow the key 'a'"),
    "call:f{a:,b:1}<tool_call|>": ("syntax", ",", "/a", "a value is missing"),
    "call:f{a:{b:[1}}<tool_call|>": ("syntax", "}", "/a/b", "',' or ']' must stand here"),
    "call:f(a:1}<tool_call|>": ("syntax", "}", "", "',' or ')' must stand here"),
    "call:f{a:1<tool_call|>": ("unclosed", "<tool_call|>", "", "',' or '}' must stand here"),
    "call:f{a:{}<turn|>": ("unclosed", "<turn|>", "", "',' or '}' must stand here"),
    'call:f{a:<|"|>x}<tool_call|>': ("unclosed", "<tool_call|>", "/a", "a string is not closed"),
    'call:f{a:<|"|>x<|turn><|"|>}<tool_call|>': ("stray", "<|turn>", "/a", "cannot stand in a string"),
    'call:f{{<|"|>a<|"|>:1}}<tool_call|>': ("syntax", "{", "", "a key must stand here"),
    "call:f{}}<tool_call|>": ("syntax", "}", None, "something follows the arguments"),
    "call:f{} Done.<turn|>": ("syntax", "Done.", None, "something follows the arguments"),
    "call:f{}<|tool_call>": ("unclosed", "<|tool_call>", None, "<tool_call|> is missing"),
    "call:f<tool_call|>": ("syntax", "<tool_call|>", None, "the arguments are missing"),
    "f{}<tool_call|>": ("syntax", "f", None, "'call:' must stand before"),
    "call:{}<tool_call|>": ("name", "call:", None, "no name"),
    "call:two words{}<tool_call|>": ("name", "call:two words", None, "no name"),
    "<tool_call|>": ("name", "<tool_call|>", None, "no name"),
    "call:f{a:" + "[" * 200 + "]" * 200 + "}<tool_call|>": ("syntax", "[", "/a" + "/0" * 127, "nested deeper"),
}


@pytest.mark.parametrize("text", FAULTS)
def test_anything_else_is_a_fault_with_its_span(gemma: Gemma4, write: Write, text: str) -> None:
    kind, spot, pointer, reason = FAULTS[text]
    tokens = write("<|tool_call>" + text)
    parsed = gemma.parse(tokens)
    call = parsed.calls[0]
    fault = call.faults[0]
    assert (fault.kind, fault.pointer) == (kind, pointer)
    assert reason in fault.reason
    assert spot in covered(gemma, tokens, fault.span)
    assert call.arguments is None
    assert set(call.faults) <= set(parsed.faults)
    assert covered(gemma, tokens, call.span) == call.raw
    assert not parsed.open or text.endswith("<|tool_call>")


def test_reading_goes_on_behind_a_bad_value(gemma: Gemma4, write: Write) -> None:
    call = one_call(gemma.parse(write("<|tool_call>call:f{a:Oslo,b:[x,{c:y}],d:4}<tool_call|>")))
    assert [fault.pointer for fault in call.faults] == ["/a", "/b/0", "/b/1/c"]
    assert {"/a", "/b/0", "/b/1/c", "/d", ""} <= set(call.value_spans)


@pytest.mark.parametrize(
    "text",
    [
        "<|channel>",
        "<|channel>thought\nhm",
        "Yes.<|tool_call>",
        "<|tool_call>call:",
        "<|tool_call>call:f",
        "<|tool_call>call:f{",
        "<|tool_call>call:f{a",
        "<|tool_call>call:f{a:",
        "<|tool_call>call:f{a:tru",
        "<|tool_call>call:f{a:12",
        '<|tool_call>call:f{a:<|"|>x}',
        "<|tool_call>call:f{a:[1,{b:2",
        "<|tool_call>call:f{a:1,",
        "<|tool_call>call:f{a:1}",
    ],
)
def test_the_output_may_end_anywhere(gemma: Gemma4, write: Write, text: str) -> None:
    """A call or a thought that is cut off is not called wrong: more may come in the next canvas."""
    tokens = write(text)
    parsed = gemma.parse(tokens)
    assert parsed.open and parsed.stop is None and parsed.length == len(tokens)
    (fault,) = parsed.faults
    assert fault.kind == "truncated"
    assert fault.span == parsed.regions[-1].span
    assert all(call.arguments is None for call in parsed.calls)


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("<|tool_call>call:f{a:[4,-", "/a/1"),
        ("<|tool_call>call:f{a:[4,5.0", "/a/1"),
        ("<|tool_call>call:f{b:{c:7", "/b/c"),
        ("<|tool_call>call:f{a:[4,5,", None),
        ("<|tool_call>call:f{a:[4,tru", None),
        ('<|tool_call>call:f{a:<|"|>5', None),
        ("<|tool_call>call:f{a:5}", None),
    ],
)
def test_the_output_may_end_in_a_number(gemma: Gemma4, write: Write, text: str, pointer: str | None) -> None:
    """It may be whole, or go on: nobody knows its value yet."""
    (call,) = gemma.parse(write(text)).calls
    assert call.cut_number == pointer
    assert pointer is None or pointer not in call.values


def test_a_call_over_several_canvases(gemma: Gemma4, write: Write) -> None:
    turn = write('<|tool_call>call:f{a:<|"|>' + "long " * 100 + '<|"|>}<tool_call|><|tool_response>')
    canvases = [turn[start : start + 64] for start in range(0, len(turn), 64)]
    written: list[int] = []
    for canvas in canvases[:-1]:
        written += canvas
        assert gemma.parse(written).open
    parsed = gemma.parse(written + canvases[-1])
    assert one_call(parsed).arguments == {"a": "long " * 100}


def test_a_wrong_call_that_is_cut_off_is_both(gemma: Gemma4, write: Write) -> None:
    parsed = gemma.parse(write("<|tool_call>call:f{a:Oslo,b:"))
    assert [fault.kind for fault in parsed.faults] == ["syntax", "truncated"]
    assert parsed.open


def test_a_turn_that_ends_in_a_thought(gemma: Gemma4, write: Write) -> None:
    tokens = write("<|channel>thought\nhm<turn|>")
    parsed = gemma.parse(tokens)
    assert [(fault.kind, covered(gemma, tokens, fault.span)) for fault in parsed.faults] == [("unclosed", "<turn|>")]
    assert not parsed.open


@pytest.mark.timeout(20)
def test_a_canvas_of_blanks_is_read_at_once(gemma: Gemma4, write: Write) -> None:
    for text in ("<|tool_call>" + " \n" * 2000, "<|tool_call>:" + "\n" * 2000 + '"<turn|>'):
        assert gemma.parse(write(text)).calls[0].faults


def test_text_that_looks_like_a_marker_is_text(gemma: Gemma4) -> None:
    text = "<|tool_call>call:f{}<tool_call|> and <turn|> and <|channel>"
    parsed = gemma.parse(gemma.tokenizer.encode(text))
    assert parsed.regions == (TextRegion(text, (0, len(gemma.tokenizer.encode(text)))),)
    assert parsed.faults == ()


@pytest.mark.parametrize("text", ["I call:f{} now", "thought\nand nothing more", "call:", "call:f", "call: f{}", "{}"])
def test_prose_stays_prose(gemma: Gemma4, write: Write, text: str) -> None:
    parsed = gemma.parse(write(text + "<turn|>"))
    assert (parsed.text, parsed.calls, parsed.faults) == (text, (), ())


@pytest.mark.parametrize("before", ["", "\n", "<|channel>thought\nhm\n<channel|>", "<channel|>"])
@pytest.mark.parametrize("text", ["call:f{a:1}", "call:f(a:1)", "<call>f{a:1}", ":call:f{}"])
def test_only_the_control_token_begins_a_call(gemma: Gemma4, write: Write, before: str, text: str) -> None:
    """Words that a model repeats, from a mail or a page, could be these."""
    parsed = gemma.parse(write(f"{before}{text}<turn|>"))
    assert (parsed.text, parsed.calls, parsed.faults) == (text, (), ())


def test_strange_control_tokens_are_faults(gemma: Gemma4, write: Write) -> None:
    tokens = write('Hi <|"|>there<tool_response|><|channel>thought\na<|turn>b<channel|><pad>!<tool_call|><turn|>')
    parsed = gemma.parse(tokens)
    assert [covered(gemma, tokens, fault.span) for fault in parsed.faults] == [
        '<|"|>',
        "<tool_response|>",
        "<|turn>",
        "<pad>",
        "<tool_call|>",
    ]
    assert {fault.kind for fault in parsed.faults} == {"stray"}
    assert parsed.text == "Hi there!"
