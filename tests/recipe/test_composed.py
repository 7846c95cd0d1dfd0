"""Composed tools obey what they declare, and their requests name every value that the call needs."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agentkit.dialects.gemma4 import Gemma4
from agentkit.dialects.tokenizer import Tokenizer
from agentkit_recipe import words
from agentkit_recipe.composed import Composed, compose, compose_set, random_deed
from agentkit_recipe.parameters import in_words
from agentkit_recipe.values import SPLITS, split_of
from agentkit_recipe.wordings import Thing, plural, third, with_article

SEEDS = st.integers(0, 10**9)


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    return [leaf for inner in value for leaf in leaves(inner)] if isinstance(value, list) else [value]


@given(SEEDS, st.sampled_from(SPLITS))
@settings(max_examples=400, deadline=None)
def test_a_call_obeys_its_declaration_and_its_values_are_in_the_request(seed: int, split: str) -> None:
    rng = random.Random(seed)
    tool = compose(rng, split)
    asked = tool.ask(rng, split)
    validator = Draft202012Validator({**tool.definition.parameters, "additionalProperties": False})
    assert [error.message for error in validator.iter_errors(asked.arguments)] == []
    assert not re.search(r"[{}]", asked.prompt)
    for value in leaves(asked.arguments):
        if isinstance(value, str):
            assert value in asked.prompt or value.lower() in asked.prompt or value in CURRENCIES_SAID
        elif not isinstance(value, bool):
            words_of_it = in_words(value) if isinstance(value, int) and 0 <= value < 100 else ""
            assert str(value) in asked.prompt or words_of_it in asked.prompt
    json.dumps([asked.arguments, asked.result])


CURRENCIES_SAID = {"USD", "EUR", "GBP", "JPY", "CHF", "INR", "CNY", "BRL", "PLN", "MXN", "KRW", "TRY"}  # "dollars" ...


@given(SEEDS)
@settings(max_examples=100, deadline=None)
def test_everything_follows_from_the_seed(seed: int) -> None:
    first, again = (compose_set(random.Random(seed), 3) for _ in range(2))
    assert [tool.definition for tool in first] == [tool.definition for tool in again]
    assert first[0].ask(random.Random(seed), "train") == again[0].ask(random.Random(seed), "train")


@given(SEEDS, st.integers(1, 8))
@settings(max_examples=100, deadline=None)
def test_tools_of_a_set_are_told_apart(seed: int, count: int) -> None:
    tools = compose_set(random.Random(seed), count)
    assert len({tool.definition.name for tool in tools}) == count
    for i, tool in enumerate(tools):
        assert not any(tool.clashes(other) for other in tools[:i])


def test_sets_hold_near_duplicates() -> None:
    rng = random.Random(0)
    pairs = [compose_set(rng, 2) for _ in range(200)]
    same_deed = sum(a.deed == b.deed for a, b in pairs)
    same_thing = sum(a.thing.noun == b.thing.noun for a, b in pairs)
    assert same_deed > 30 and same_thing > 30


def test_a_clash_is_one_request_that_two_tools_could_serve() -> None:
    rng = random.Random(1)
    deed = random_deed(rng, "train")
    other = next(d for d in iter(lambda: random_deed(rng, "train"), None) if d is not None and d.kin != deed.kin)

    def tool(of: Any, noun: str, modifier: str = "") -> Composed:
        return compose(rng, "train", deed=of, thing=Thing(noun, modifier))

    assert tool(deed, "crate").clashes(tool(deed, "crate", "red"))
    assert not tool(deed, "crate", "green").clashes(tool(deed, "crate", "red"))
    assert not tool(deed, "crate").clashes(tool(deed, "pallet")) and not tool(deed, "crate").clashes(
        tool(other, "crate")
    )


def test_requests_leave_out_only_what_no_other_tool_shares() -> None:
    rng = random.Random(5)
    thing = Thing("crate")
    tool = compose(rng, "train", thing=thing)
    while not tool.wording.deeds_alone:
        tool = compose(rng, "train", thing=thing)
    same_deed, same_thing = compose(rng, "train", deed=tool.deed), compose(rng, "train", thing=thing)

    def openings(*others: Composed) -> set[str]:
        return {tool.opening(rng, others)[0] for _ in range(400)}

    alone = openings()
    assert alone & set(tool.wording.things_alone) and alone & set(tool.wording.deeds_alone)
    assert not openings(same_deed) & set(tool.wording.deeds_alone) and not openings(same_thing) & set(
        tool.wording.things_alone
    )


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_makes_tools_of_its_own_words(split: str) -> None:
    rng = random.Random(2)
    for _ in range(200):
        tool = compose(rng, split)
        assert split_of(tool.thing.noun) == split
        assert tool.deed.kin.startswith("many") or split_of(tool.deed.words[0]) == split


def test_lists_are_large_and_hold_no_main_word_of_a_held_out_family() -> None:
    verbs = [word for line in words.VERBS for group in line for word in group]
    assert len(words.OBJECTS) > 250 and len(verbs) > 200 and len(words.NOUNS) > 100 and len(words.MODIFIERS) > 80
    for text in (*verbs, *words.OBJECTS, *words.MODIFIERS, *words.NOUNS, *words.PLURALS, *words.EXTRAS):
        assert not set(text.split()) & words.HELD_OUT_WORDS
    assert len(verbs) == len(set(verbs)), "a verb of two groups would be ambiguous"
    for split in SPLITS:
        assert len(words.of_split(words.OBJECTS, split)) > 50


def test_all_types_occur_among_the_parameters() -> None:
    rng = random.Random(3)
    schemas = [s for _ in range(300) for s in compose(rng, "train").definition.parameters["properties"].values()]
    assert {schema["type"] for schema in schemas} == {"string", "integer", "number", "boolean", "array", "object"}
    assert any("enum" in schema for schema in schemas) and any("description" not in schema for schema in schemas)


def test_most_calls_fit_a_canvas(tokenizer: Tokenizer) -> None:
    dialect, rng = Gemma4(tokenizer), random.Random(4)
    lengths = []
    for _ in range(300):
        tool = compose(rng, "train")
        asked = tool.ask(rng, "train")
        parsed = dialect.parse(tokens := dialect.render_call(tool.definition.name, asked.arguments, stop=True))
        assert [(call.name, call.arguments) for call in parsed.calls] == [(tool.definition.name, asked.arguments)]
        lengths.append(len(tokens))
    assert sorted(lengths)[len(lengths) // 2] < 48 and max(lengths) < 3 * 48


@pytest.mark.parametrize(("number", "expected"), [(0, "zero"), (13, "thirteen"), (40, "forty"), (42, "forty two")])
def test_numbers_in_words(number: int, expected: str) -> None:
    assert in_words(number) == expected


def test_words_are_bent() -> None:
    assert [plural(word) for word in ("bus", "battery", "key", "watch")] == ["buses", "batteries", "keys", "watches"]
    assert [third(verb) for verb in ("set up", "copy", "wash", "pay")] == ["sets up", "copies", "washes", "pays"]
    assert [with_article(word) for word in ("invoice", "old bus", "crate")] == ["an invoice", "an old bus", "a crate"]
