"""What is learned from, and what is kept out."""

from typing import Any

import pytest

from agentkit import Tool, UserError
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.evaluation import Case, ExpectedCall
from agentkit.tools import collect_tools
from agentkit_recipe.tune.plan import make_plan, returns_of


def fire_kiln(degrees: int) -> str:
    """Start the kiln."""
    return "heating"


def mix_glaze(glaze: str) -> list[str]:
    """Stir a glaze."""
    return []


TOOLS = collect_tools([fire_kiln, mix_glaze])


def case(prompt: str, name: str = "fire_kiln", **arguments: Any) -> Case:
    return Case(prompt, id=prompt, calls=(ExpectedCall(name, arguments),))


KILN = [case(f"kiln number {n} to {n}00 degrees", degrees=100 * n) for n in range(6, 12)]
GLAZE = [case("stir Shino", "mix_glaze", glaze="Shino"), case("more Oribe", "mix_glaze", glaze="Oribe")]
NONE = Case("sing a song", id="none", calls=())


def test_of_three_or_more_examples_one_in_five_is_kept_out(tokenizer: Tokenizer) -> None:
    plan = make_plan(TOOLS, tokenizer, [*KILN, *GLAZE, NONE], None)
    (kept,) = plan.held_out["phrasings"]
    assert kept in KILN
    kiln, glaze = plan.tools
    assert len(kiln.templates) == 5 and len(glaze.templates) == 2 and plan.refused == ("sing a song",)
    assert not any(template.said({0: 100 * n}) == kept.prompt for template in kiln.templates for n in range(6, 12))
    generated = [case.calls[0].name for case in plan.held_out["generated"] if case.calls]
    assert generated.count("fire_kiln") == generated.count("mix_glaze") == 5
    assert len(plan.held_out["refusals"]) == 8 and all(case.calls == () for case in plan.held_out["refusals"])


def test_with_a_file_of_its_own_to_measure_with_all_examples_are_learned_from(tokenizer: Tokenizer) -> None:
    plan = make_plan(TOOLS, tokenizer, KILN, [*GLAZE, NONE])
    assert plan.held_out["phrasings"] == [*GLAZE, NONE]
    assert [len(tool.templates) for tool in plan.tools] == [6, 0]


def test_without_examples_there_are_no_phrasings_to_measure(tokenizer: Tokenizer) -> None:
    assert set(make_plan(TOOLS, tokenizer, [], None).held_out) == {"generated", "refusals"}


def test_the_fingerprint_tells_tunings_apart(tokenizer: Tokenizer) -> None:
    plan = make_plan(TOOLS, tokenizer, KILN, None)
    assert plan.fingerprint("base", 0) == make_plan(TOOLS, tokenizer, KILN, None).fingerprint("base", 0)
    others = [
        plan.fingerprint("other", 0),
        plan.fingerprint("base", 1),
        make_plan(TOOLS, tokenizer, KILN[:5], None).fingerprint("base", 0),
        make_plan(collect_tools([fire_kiln]), tokenizer, KILN, None).fingerprint("base", 0),
    ]
    assert len({plan.fingerprint("base", 0), *others}) == 5


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Case("x", id="a", contains=("y",)), "'a' has to say which call is right"),
        (Case("x", id="a", calls=(ExpectedCall("fire_kiln", {"degrees": 1}),) * 2), "'a' expects 2 calls"),
        (case("x", "melt"), "'x' calls 'melt', which is none of the tools"),
        (case("x", degrees="hot"), "'x' calls fire_kiln with arguments that don't fit: /degrees"),
        (case("x"), "'x' calls fire_kiln with arguments that don't fit"),
    ],
)
def test_what_can_not_be_learned_from_is_told(tokenizer: Tokenizer, wrong: Case, words: str) -> None:
    with pytest.raises(UserError, match=words):
        make_plan(TOOLS, tokenizer, [wrong], None)
    with pytest.raises(UserError, match=words):
        make_plan(TOOLS, tokenizer, [], [wrong])


def test_no_tools_are_told(tokenizer: Tokenizer) -> None:
    with pytest.raises(UserError, match="no tools to tune to"):
        make_plan({}, tokenizer, [], None)


def schema_tool(name: str, schema: dict[str, Any]) -> dict[str, Tool]:
    return collect_tools(
        [Tool.from_schema(lambda: None, name=name, description="Do it.", json_schema={"type": "object", **schema})]
    )


def test_a_call_longer_than_a_turn_is_told(tokenizer: Tokenizer) -> None:
    keys = {f"parameter_number_{i}": {"type": "string"} for i in range(40)}
    with pytest.raises(UserError, match=r"'wide' can't be tuned: a call of it takes \d+ tokens"):
        make_plan(schema_tool("wide", {"properties": keys, "required": list(keys)}), tokenizer, [], None)


def test_a_tool_that_takes_no_call_is_told_before_anything_is_written(tokenizer: Tokenizer) -> None:
    def label(tags: dict[str, str]) -> str:
        """Label a box."""
        return "done"

    with pytest.raises(UserError, match="'label' can't be tuned: it refuses the calls"):
        make_plan(collect_tools([label]), tokenizer, [], None)


def test_declarations_that_fill_the_context_are_told(tokenizer: Tokenizer) -> None:
    long = collect_tools(
        [Tool.from_schema(lambda: None, name="long", description="word " * 3000, json_schema={"type": "object"})]
    )
    with pytest.raises(UserError, match="declarations of the tools take"):
        make_plan(long, tokenizer, [Case("x", calls=(ExpectedCall("long", {}),))], None)


def test_what_kind_of_result_a_function_gives() -> None:
    def nothing(): ...  # type: ignore[no-untyped-def]
    def number() -> int: ...
    def mapping() -> dict[str, int]: ...

    found = [returns_of(Tool(function)) for function in (fire_kiln, mix_glaze, nothing, number, mapping)]
    assert found == ["status", "list", "status", "count", "value"]
