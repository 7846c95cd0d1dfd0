import random
import re

from hypothesis import given
from hypothesis import strategies as st

from agentkit_recipe.registers import imperative, misspelt, question

WORDINGS = st.sampled_from(
    [
        "delete the customer invoice {0} with priority {1}",
        "send the parcel {0}: {1}",
        "what is the weight of {0}",
        "print",
    ]
)


@given(WORDINGS, st.integers(0, 10_000))
def test_values_keep_their_places(wording: str, seed: int) -> None:
    for written in (imperative(wording, random.Random(seed)), question(wording, random.Random(seed))):
        assert re.findall(r"\{\d\}", written) == re.findall(r"\{\d\}", wording)


@given(st.integers(0, 10_000))
def test_nothing_but_an_end_follows_free_text(seed: int) -> None:
    written = imperative("send the parcel {0}: {1}", random.Random(seed))
    assert written.rstrip(".?").endswith("{1}")


@given(st.from_regex(r"[a-z]{5,12}", fullmatch=True), st.integers(0, 10_000))
def test_a_slip_changes_one_place_of_a_word(word: str, seed: int) -> None:
    slipped = misspelt(f"a {word} {{placeholder}}", random.Random(seed))
    assert slipped.startswith(f"a {word[0]}") and slipped.endswith(" {placeholder}")
    assert abs(len(slipped) - len(f"a {word} {{placeholder}}")) <= 1


def test_short_words_are_left_alone() -> None:
    assert misspelt("do it now", random.Random(0)) == "do it now"


def test_one_wording_has_many_registers() -> None:
    rng = random.Random(0)
    assert len({imperative("close the gate {0}", rng) for _ in range(300)}) > 60
