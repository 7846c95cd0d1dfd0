"""The families render in both splits, and the two splits share no open value."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence

import pytest

from agentkit.constraints.spelled import spelled as read_from
from agentkit_recipe.answers import plain_answer
from agentkit_recipe.catalogue import CLASHES, FAMILIES, HELD_OUT, HOME, KNOWN, OPEN_ENDED, READY_MADE, TRAINED
from agentkit_recipe.everyday import EVERYDAY
from agentkit_recipe.families import Family, arguments_of, draw, make_result, maybe_in_words, request
from agentkit_recipe.phrases import CHITCHAT, REFUSALS, UNSERVED
from agentkit_recipe.values import KINDS, SPLITS, Said, convert, sample
from agentkit_recipe.words import HELD_OUT_WORDS

ALL = (*FAMILIES, *EVERYDAY)
HUNDREDS = [ALL[first : first + 100] for first in range(0, len(ALL), 100)]
BY_NAME = {family.name: family for family in ALL}


def name_of(families: Sequence[Family]) -> str:
    return families[0].name


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("families", HUNDREDS, ids=name_of)
def test_every_family_renders(families: Sequence[Family], split: str) -> None:
    rng = random.Random(7)
    for family in families:
        required = {slot.key[0] for slot in family.slots if not slot.optional}
        named: set[str] = set()
        for turn in range(50):
            ask = family.asks[turn % len(family.asks)]
            drawn = draw(family, ask, rng, split)
            text, arguments = request(ask, drawn), arguments_of(drawn)
            result = make_result(family, arguments, rng, split)
            final = plain_answer(result)
            assert required <= set(arguments), (family.name, ask)
            assert not re.search(r"[{}\n]", text + final + json.dumps(list(arguments.values()))), (family.name, ask)
            assert len(text.split()) <= 24, text
            assert "  " not in text, ask
            for value in drawn.values():
                assert (value.text if isinstance(value, Said) else str(value)) in text
            json.dumps([arguments, result])
            named |= set(arguments)
        assert named == {slot.key[0] for slot in family.slots}, family.name


@pytest.mark.parametrize("families", HUNDREDS, ids=name_of)
def test_families_are_well_formed(families: Sequence[Family]) -> None:
    for family in families:
        assert 3 <= len(family.names) <= 5, family.name
        assert len(family.asks) >= 6, family.name
        assert len(family.about) >= 3, family.name
        words = [*family.names, *(key for slot in family.slots for key in slot.key)]
        assert all(re.fullmatch(r"[a-z][a-z_0-9]*", word) for word in words), words
        keys = [key for slot in family.slots for key in slot.key[:1]]
        assert len(set(keys)) == len(keys), family.name
        for slot in family.slots:
            assert slot.kind in KINDS or slot.choices, (family.name, slot.key)
            assert len(slot.about) >= 2, (family.name, slot.key)
            assert set(slot.said) <= set(slot.choices), (family.name, slot.key)
        for sentence in (*family.about, *(about for slot in family.slots for about in slot.about)):
            assert sentence[0].isupper() and sentence.endswith("."), sentence


def test_everyday_families_are_asked_for_in_many_ways() -> None:
    for family in EVERYDAY:
        assert len(set(family.asks)) >= 8, family.name
        for key in (slot.key[0] for slot in family.slots if slot.optional):
            uses = sum(f"{{{key}}}" in ask for ask in family.asks)
            assert 0 < uses < len(family.asks), (family.name, key)


def test_everyday_families_stay_away_from_what_is_held_out() -> None:
    held_out = HELD_OUT_WORDS | {"hostel", "thesaurus", "vat", "launch", "hoover"}
    for family in EVERYDAY:
        texts = (*family.names, *family.about, *family.asks, *(key for slot in family.slots for key in slot.key))
        words = set(re.findall("[a-z]+", " ".join(texts).lower()))
        assert not {word for word in words if word in held_out or word.removesuffix("s") in held_out}, family.name


def test_types_of_arguments_are_those_declared() -> None:
    types: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
        "array": (list,),
    }
    rng = random.Random(3)
    for family in ALL:
        for ask in family.asks:
            arguments = arguments_of(draw(family, ask, rng))
            for slot in family.slots:
                if slot.key[0] in arguments:
                    assert isinstance(arguments[slot.key[0]], types[slot.json_type]), (family.name, slot.key)


def test_there_are_enough_of_all() -> None:
    assert len(FAMILIES) >= 48
    assert len({name for family in ALL for name in family.names}) == sum(len(family.names) for family in ALL)
    assert len({about for family in ALL for about in family.about}) == sum(len(family.about) for family in ALL)
    assert len({ask for family in ALL for ask in family.asks}) == sum(len(family.asks) for family in ALL)
    assert (*KNOWN, *EVERYDAY) == TRAINED and not {family.name for family in HELD_OUT} & {
        family.name for family in TRAINED
    }
    assert len({family.name for family in HELD_OUT}) == 6
    assert not {family.name for family in HELD_OUT} & {family.name for family in (*KNOWN, *READY_MADE, *HOME)}
    assert set().union(CLASHES, *CLASHES.values(), OPEN_ENDED) <= set(BY_NAME)
    assert len(dict(CHITCHAT)) >= 60
    assert all(3 <= len(reply.split()) <= 9 for _, reply in CHITCHAT)
    assert len(set(UNSERVED)) >= 60
    assert len(REFUSALS) == 3
    assert {kind for text in UNSERVED for kind in re.findall(r"\{(\w+)\}", text)} <= set(KINDS)


def test_small_numbers_are_said_in_words_now_and_then() -> None:
    rng = random.Random(1)
    said = [maybe_in_words(rng.randint(1, 120), rng) for _ in range(2000)]
    words = {one.text: one.value for one in said if isinstance(one, Said)}
    assert all([*read_from(text)] == [(value, (0, len(text)))] for text, value in words.items())
    assert set(range(1, 13)) <= set(words.values()) and max(words.values()) <= 99


@pytest.mark.parametrize("kind", sorted(name for name, kind in KINDS.items() if kind.disjoint))
def test_splits_share_no_open_value(kind: str) -> None:
    rng = random.Random(11)
    drawn = {split: {spelled(sample(kind, rng, split)).lower() for _ in range(1500)} for split in SPLITS}
    assert not drawn["train"] & drawn["heldout"]
    assert min(map(len, drawn.values())) >= 100


def spelled(value: object) -> str:
    return value.text if isinstance(value, Said) else str(value)


def test_sampling_is_deterministic() -> None:
    for kind in KINDS:
        first, again = (sample(kind, random.Random(5), "train") for _ in range(2))
        assert first == again


def test_unknown_kinds_and_splits_are_named() -> None:
    with pytest.raises(KeyError, match="no kind 'planet'"):
        sample("planet", random.Random(0), "train")
    with pytest.raises(ValueError, match="split must be one of"):
        sample("city", random.Random(0), "test")


def test_ready_made_tools_keep_their_names() -> None:
    assert {family.name: [slot.key[0] for slot in family.slots] for family in READY_MADE} == {
        "calculate": ["expression"],
        "current_time": ["place"],
        "convert_units": ["value", "from_unit", "to_unit"],
        "add_note": ["text"],
        "find_notes": ["query"],
        "list_notes": [],
        "read_file": ["path"],
        "list_files": ["folder"],
        "find_text": ["text"],
        "http_get": ["url"],
    }


def test_results_are_worked_out() -> None:
    rng = random.Random(0)
    assert make_result(BY_NAME["calculate"], {"expression": "12 * (3 + 4)"}, rng) == 84
    assert make_result(BY_NAME["calculate_tip"], {"amount": 80, "percent": 15}, rng) == 12
    assert make_result(BY_NAME["is_prime"], {"number": 91}, rng) == "no"
    assert len(make_result(BY_NAME["make_password"], {"length": 9}, rng)) == 9
    assert make_result(BY_NAME["reverse_text"], {"word": "river"}, rng) == "revir"
    assert make_result(BY_NAME["count_letter"], {"letter": "r", "word": "River"}, rng) == 2
    assert make_result(BY_NAME["change_case"], {"text": "see you", "case": "title"}, rng) == "See You"
    assert make_result(BY_NAME["right_triangle"], {"a": 3, "b": 4}, rng) == 5
    assert make_result(BY_NAME["to_binary"], {"number": 254, "base": "16"}, rng) == "FE"
    assert make_result(BY_NAME["roman_numeral"], {"number": 1944}, rng) == "MCMXLIV"
    assert convert(100, "celsius", "fahrenheit") == pytest.approx(212)
    assert convert(1, "km", "kg") is None
