"""The example of the guide: what is claimed of it holds."""

import runpy
from pathlib import Path

import pytest

from agentkit.bundled import folder
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.evaluation import Case, read_cases
from agentkit.tools import Tool, collect_tools
from agentkit_recipe.catalogue import FAMILIES, TRAINED
from agentkit_recipe.tune.plan import Plan, make_plan

WORKSHOP = Path(__file__).parents[3] / "examples" / "tuning"


@pytest.fixture(scope="module")
def tools() -> dict[str, Tool]:
    return collect_tools(runpy.run_path(str(WORKSHOP / "workshop.py"))["functions"])


@pytest.fixture(scope="module")
def plan(tools: dict[str, Tool]) -> Plan:
    tokenizer = Tokenizer.from_pretrained(folder())
    return make_plan(tools, tokenizer, cases("phrasings"), cases("held_out"))


def cases(name: str) -> list[Case]:
    return read_cases(WORKSHOP / f"{name}.jsonl")


def test_twelve_tools_that_the_recipe_has_none_of(tools: dict[str, Tool]) -> None:
    known = {name for family in (*FAMILIES, *TRAINED) for name in family.names}
    assert len(tools) == 12 and not known & tools.keys()


def test_six_phrasings_each_and_others_to_measure_with(plan: Plan) -> None:
    assert [len(tool.templates) for tool in plan.tools] == [6] * 12
    held_out = plan.held_out["phrasings"]
    assert held_out == cases("held_out") and len(held_out) == 76 and sum(case.calls == () for case in held_out) == 16
    assert not {case.prompt.lower() for case in held_out} & {case.prompt.lower() for case in cases("phrasings")}


def test_most_values_of_the_phrasings_become_slots(plan: Plan) -> None:
    fixed = [template for tool in plan.tools for template in tool.templates if template.fixed]
    assert len(fixed) <= 4, fixed
