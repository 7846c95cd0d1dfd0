"""What a tuned model learns from."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import Tool
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.messages import ToolDefinition
from agentkit.retrieval import stems
from agentkit_recipe.cases import Case
from agentkit_recipe.network import Architecture
from agentkit_recipe.phrases import REFUSALS
from agentkit_recipe.tune.measure import SETTINGS
from agentkit_recipe.tune.packs import OwnWriter, Shares
from agentkit_recipe.tune.tool import Example, OwnTool


def fire_kiln(degrees: int) -> str:
    """Start the kiln."""
    return "heating"


def mix_glaze(glaze: str, grams: int) -> str:
    """Stir a glaze."""
    return "mixed"


def make(
    tokenizer: Tokenizer, examples: tuple[str, ...] = (), *, canvas_length: int = 48, **shares: float
) -> OwnWriter:
    kiln = OwnTool(Tool(fire_kiln).definition, [Example("kiln: 900", {"degrees": 900})])
    tools = [kiln, OwnTool(Tool(mix_glaze).definition)]
    return OwnWriter(tokenizer, tools, canvas_length=canvas_length, refused=examples, shares=Shares(**shares))  # type: ignore[arg-type]


@given(st.integers(0, 10**9), st.integers(0, 2))
@settings(max_examples=30, deadline=None)
def test_packs_are_the_size_of_the_recipes_own(tokenizer: Tokenizer, key: int, view: int) -> None:
    pack = make(tokenizer).pack_of(view, str(key), branches=4, canvases=2, answers=key % 2 == 0)
    assert pack == make(tokenizer).pack_of(view, str(key), branches=4, canvases=2, answers=key % 2 == 0)
    assert len(pack.branches) == 4
    for branch in pack.branches:
        assert len(pack.prefix) + len(branch.tokens) + 48 <= Architecture().context_length
        assert [len(spot.target) for spot in branch.canvases] == [48, 48]


def test_the_recipes_data_come_again(tokenizer: Tokenizer) -> None:
    writer = make(tokenizer)
    shown = {tokenizer.decode(writer.pack_of(0, str(i), branches=1, canvases=1).prefix) for i in range(5)}
    assert len(shown) == 5 and not any("kiln" in prefix for prefix in shown)
    assert "kiln" in tokenizer.decode(writer.pack_of(2, "0", branches=1, canvases=1).prefix)
    counts = Counter(writer.tools_in_view(random.Random(i)) for i in range(300))
    assert set(counts) == {0, 1, 2} and 30 < counts[0] < 90


def test_what_a_pack_asks_for(tokenizer: Tokenizer) -> None:
    writer = make(tokenizer, ("the one that is shown",))
    rng = random.Random(0)
    cases = [writer.case(writer.tools[:1], writer.tools[1:], rng) for _ in range(800)]
    kinds = Counter(map(kind_of_case, cases))
    assert 130 < kinds["refused"] < 270 and kinds["1 calls"] > 400
    assert min(kinds["asked back"], kinds["small talk"], kinds["2 calls"]) > 10
    refused = [case.prompt for case in cases if case.answer == REFUSALS[0]]
    assert any("glaze" in prompt.lower() for prompt in refused)  # for the tool that is out of view
    assert any("one that is shown" in prompt for prompt in refused)
    assert all(call.view is writer.tools[0] for case in cases for calls in case.rounds for call in calls)


def kind_of_case(case: Case) -> str:
    if case.rounds:
        return f"{len(case.rounds[0])} calls"
    if case.answer == REFUSALS[0]:
        return "refused"
    return "asked back" if case.answer.startswith("Please tell me") else "small talk"


def test_what_nothing_serves_shares_no_word_with_the_tools(tokenizer: Tokenizer) -> None:
    writer = make(tokenizer)
    rng = random.Random(1)
    for split in ("train", "heldout"):
        prompts = [writer.unrelated(rng, split) for _ in range(60)]
        assert len(set(prompts)) > 50
        assert not any({"kiln", "glaz", "stir"} & set(stems(prompt)) for prompt in prompts)


def test_with_many_tools_a_pack_shows_some(tokenizer: Tokenizer) -> None:
    tools = [OwnTool(ToolDefinition(f"tool_{i}", f"Do {i}.", {"type": "object", "properties": {}})) for i in range(30)]
    writer = OwnWriter(tokenizer, tools, canvas_length=48)
    assert {writer.tools_in_view(random.Random(i)) for i in range(300)} == set(range(7))
    for count in (1, 5, 6):
        shown = writer.in_view(count, random.Random(count))
        assert len(set(map(id, shown))) == len(shown) == count
    assert shown == sorted(shown, key=tools.index), "all that may be in view stand in their order"


@pytest.mark.parametrize("answers", [False, True])
def test_an_answer_comes_after_the_result(tokenizer: Tokenizer, answers: bool) -> None:
    writer = make(tokenizer, canvas_length=128, refused=0.0, chitchat=0.0, asked_back=0.0, several_calls=0.0)
    pack = writer.pack_of(2, "0", branches=3, canvases=2, answers=answers)
    for branch in pack.branches:
        last = branch.canvases[-1]
        parsed = writer.dialect.parse(last.target)
        assert (parsed.text != "" and not parsed.calls) if answers else len(parsed.calls) == 1


def test_no_turn_is_told_about_more_tools_than_are_in_view_while_tuning(tokenizer: Tokenizer) -> None:
    schema = {"type": "object", "properties": {}}
    tools = [OwnTool(ToolDefinition(f"tool_{i}", "Do it. " * (i + 1), schema)) for i in range(30)]
    assert SETTINGS.max_tools == Shares().most_in_view == 6
    writer, longest = OwnWriter(tokenizer, tools, canvas_length=48), OwnWriter(tokenizer, tools[-6:], canvas_length=48)
    assert writer.prompt_length() == longest.prompt_length(), "whichever are in view, there has to be room"
