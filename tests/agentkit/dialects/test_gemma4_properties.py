"""What holds for any arguments and for any tokens."""

import itertools
import json
import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.dialects import GEMMA_MARKERS, CallRegion, Gemma4, Parsed

texts = st.text() | st.lists(
    st.text(max_size=5) | st.sampled_from([*GEMMA_MARKERS, "{", "}", "[", "]", ":", ",", '"', "\n", "\u2581", " "])
).map("".join)
numbers = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -0.0, 5e-324, 1e308, -1.7976931348623157e308, 2**53 + 1, -(2**63), 10**400, 1e16, 1e-7]),
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
arguments = st.dictionaries(texts, values, max_size=4)
names = st.text("abcXYZ019_-.é", min_size=1, max_size=12)


def canonical(value: Any) -> str:
    """JSON text: tells 1 from 1.0 and from True, and 0.0 from -0.0."""
    return json.dumps(value, sort_keys=True)


def pointers(value: Any, pointer: str = "") -> dict[str, Any]:
    found = {pointer: value}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found |= pointers(inner, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    return found


@settings(deadline=None, max_examples=60)
@given(name=names, given_arguments=arguments)
def test_any_arguments_survive(gemma: Gemma4, name: str, given_arguments: dict[str, Any]) -> None:
    tokens = gemma.render_call(name, given_arguments, stop=True)
    parsed = gemma.parse(tokens)
    (call,) = parsed.regions
    assert isinstance(call, CallRegion)
    assert parsed.faults == ()
    assert call.name == name
    assert canonical(call.arguments) == canonical(given_arguments)
    assert call.span == (0, len(tokens) - 1)
    assert call.raw == gemma.tokenizer.decode(tokens[:-1], markers=True)
    assert gemma.render_call(name, call.arguments or {}, stop=True) == tokens


@settings(deadline=None, max_examples=60)
@given(given_arguments=arguments)
def test_every_value_has_its_span(gemma: Gemma4, given_arguments: dict[str, Any]) -> None:
    tokens = gemma.render_call("f", given_arguments)
    (call,) = gemma.parse(tokens).calls
    expected = pointers(given_arguments)
    assert set(call.value_spans) == set(expected)
    assert set(call.key_spans) <= set(expected)
    for pointer, value in expected.items():
        start, end = call.value_spans[pointer]
        (written,) = gemma.parse(gemma.render_call("f", {"v": value})).calls
        text = written.raw.removeprefix("<|tool_call>call:f{v:").removesuffix("}<tool_call|>")
        assert text in gemma.tokenizer.decode(tokens[start:end], markers=True)
        parent = call.value_spans[pointer.rpartition("/")[0]]
        assert parent[0] <= start < end <= parent[1]


def test_numbers_at_their_limits(gemma: Gemma4) -> None:
    limits = {"big": 10**4000, "least": -math.ulp(0.0), "most": 1.7976931348623157e308, "zero": -0.0, "whole": 1e22}
    (call,) = gemma.parse(gemma.render_call("f", limits)).calls
    assert canonical(call.arguments) == canonical(limits)


def check(gemma: Gemma4, tokens: list[int], parsed: Parsed) -> None:
    """What holds of any output."""
    assert 0 <= parsed.length <= len(tokens)
    assert (parsed.stop is None) == (not gemma.stop_tokens & set(tokens))
    assert not (parsed.open and parsed.stop is not None)
    assert parsed.open == any(fault.kind == "truncated" for fault in parsed.faults)
    last = 0
    for region in parsed.regions:
        start, end = region.span
        assert last <= start + 1 and start < end <= parsed.length
        last = end
    for fault in parsed.faults:
        assert fault.reason
        assert fault.span is not None and 0 <= fault.span[0] <= fault.span[1] <= parsed.length
    for call in parsed.calls:
        assert (call.arguments is None) == bool(call.faults)
        assert call.raw and call.raw in gemma.tokenizer.decode(tokens[slice(*call.span)], markers=True)
        spans = [*call.value_spans.values(), *call.key_spans.values(), *([call.name_span] if call.name_span else [])]
        assert all(call.span[0] <= start < end <= call.span[1] for start, end in spans)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_tokens_can_be_parsed(gemma: Gemma4, data: st.DataObject) -> None:
    tokenizer = gemma.tokenizer
    pieces = [
        tokenizer.encode(text) for text in ("call:", "f", "{", "}", "[", "]", "(", ")", ":", ",", "thought\n", "1")
    ]
    pieces += [[id] for id in tokenizer.control.values()]
    ids = st.integers(0, tokenizer.vocab_size).map(lambda id: [id])
    tokens = list(itertools.chain(*data.draw(st.lists(st.sampled_from(pieces) | ids, max_size=60))))
    check(gemma, tokens, gemma.parse(tokens))


@settings(deadline=None, max_examples=60)
@given(data=st.data(), given_arguments=arguments)
def test_a_corrupted_call_is_read_or_faulted(
    gemma: Gemma4, data: st.DataObject, given_arguments: dict[str, Any]
) -> None:
    tokens = gemma.render_thought("hm") + gemma.render_call("f", given_arguments, stop=True)
    ids = st.sampled_from([*gemma.tokenizer.control.values(), *range(gemma.tokenizer.vocab_size)])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(tokens) - 1))
        tokens[place : place + data.draw(st.integers(0, 3))] = data.draw(st.lists(ids, max_size=2))
        if not tokens:
            break
    check(gemma, tokens, gemma.parse(tokens))


@settings(deadline=None, max_examples=60)
@given(data=st.data(), given_arguments=arguments)
def test_a_call_may_be_cut_off_at_every_token(
    gemma: Gemma4, data: st.DataObject, given_arguments: dict[str, Any]
) -> None:
    tokens = gemma.render_call("f", given_arguments)
    tokens = tokens[: data.draw(st.integers(1, len(tokens) - 1))]
    parsed = gemma.parse(tokens)
    check(gemma, tokens, parsed)
    assert parsed.open
    assert [fault.kind for fault in parsed.faults] == ["truncated"]
