import json
import random
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from agentkit.bundled import folder
from agentkit.dialects.gemma4 import Gemma4
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.models.defaults import read_defaults
from agentkit_recipe.cases import Call, Case, show
from agentkit_recipe.catalogue import KNOWN
from agentkit_recipe.conversation import Writer, evaluation_case
from agentkit_recipe.evaluate import evaluate
from agentkit_recipe.figures import Outcome, calibration, no_call, same, summarise, table, tells, valid

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON)
def test_a_value_is_the_same_as_itself(value: Any) -> None:
    assert same(value, value)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [(1, 1.0, True), (1, True, False), ({"a": 1}, {"a": 1, "b": 2}, False), ([1, 2], [2, 1], False), ("1", 1, False)],
)
def test_what_counts_as_the_same(left: Any, right: Any, expected: bool) -> None:
    assert same(left, right) is expected


def test_arguments_that_the_schema_does_not_name_are_not_valid() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    assert valid({"a": 1}, schema)
    assert not valid({"a": 1, "b": 2}, schema) and not valid({}, schema) and not valid({"a": "1"}, schema)


@pytest.fixture(scope="module")
def judged(tokenizer: Tokenizer) -> list[Outcome]:
    """One case answered in four ways: right, a wrong value, another tool, text."""
    dialect = Gemma4(tokenizer)
    tools, case = next(
        (tools, case)
        for tools, case in (evaluation_case("known", index) for index in range(50))
        if case.call and case.call.arguments and len(tools) > 1
        if all(isinstance(value, str) for value in case.call.arguments.values())
    )
    assert case.call is not None
    name, arguments = case.call.view.definition.name, case.call.arguments
    other = next(tool.name for tool in tools if tool.name != name)
    wrong = {key: value + "x" for key, value in arguments.items()}
    outcomes = []
    for tokens in (
        dialect.render_call(name, arguments, stop=True),
        dialect.render_call(name, wrong, stop=True),
        dialect.render_call(other, arguments, stop=True),
        dialect.render_answer("no"),
    ):
        outcome = Outcome(case, steps=[3])
        outcome.judge_calls(dialect.parse(tokens), case.rounds[0], tools, [0.9**0.1] * len(tokens))
        outcomes.append(outcome)
    return outcomes


def test_calls_are_judged_by_tool_validity_and_arguments(judged: list[Outcome]) -> None:
    assert [outcome.tool for outcome in judged] == [True, True, False, False]
    assert [outcome.exact for outcome in judged] == [True, False, False, False]
    assert [outcome.valid for outcome in judged[:2]] == [True, True] and not judged[3].valid


def two_calls(*values: str) -> tuple[Call, ...]:
    tool = show(next(family for family in KNOWN if len(family.slots) == 1), random.Random(0), "usual")
    return tuple(Call(tool, {"expression": value}, value) for value in values)


@pytest.mark.parametrize(
    ("made", "tool", "exact"),
    [(("1", "2"), True, True), (("2", "1"), True, True), (("1",), False, False), (("1", "3"), True, False)],
)
def test_calls_side_by_side_may_come_in_any_order(
    tokenizer: Tokenizer, made: tuple[str, ...], tool: bool, exact: bool
) -> None:
    dialect, wanted = Gemma4(tokenizer), two_calls("1", "2")
    tokens = Writer(tokenizer, canvas_length=48).reply(two_calls(*made))
    outcome = Outcome(Case("both", (wanted,), "done"))
    outcome.judge_calls(dialect.parse(tokens), wanted, [wanted[0].view.definition], [0.9] * len(tokens))
    assert (outcome.tool, outcome.exact) == (tool, exact)
    assert outcome.arguments.count(False) == made.count("3")


def test_an_answer_has_to_hold_the_facts_of_the_result() -> None:
    (call,) = two_calls("1.5")
    case = Case("what is 1.5", ((call,),), "The result is 1.5.")
    assert tells("It is 1.5, I think.", case) and not tells("The result is 1.", case)
    silent = replace(case, answer="It is done.")
    assert tells("It is done.", silent) and not tells("1.5", silent)


def test_figures_are_shares(judged: list[Outcome]) -> None:
    figures = summarise(judged)
    assert (figures.cases, figures.tool, figures.exact, figures.steps_per_canvas) == (4, 0.5, 0.25, 3.0)
    assert figures.answer is None and len(figures.wrong) == 3
    assert figures.arguments == 0.5, "the first call's are right, the second's wrong; the other tool's don't count"
    assert "outcomes" not in figures.as_json()


def test_the_decision_to_call_nothing_has_precision_and_recall(judged: list[Outcome]) -> None:
    refused, called = (
        Outcome(replace(judged[0].case, rounds=()), steps=[2], called=called) for called in (False, True)
    )
    calls = [replace(outcome, called=True) for outcome in judged[:3]]
    assert no_call([*calls, judged[3], refused, called]) == {"precision": 0.5, "recall": 0.5}
    assert no_call(calls[:1]) == {"precision": None, "recall": None}


def test_calibration_sets_certainty_against_what_is_right(judged: list[Outcome]) -> None:
    assert all(0 < sure < 1 for outcome in judged[:2] for sure, _ in outcome.certainty)
    outcome = replace(judged[0], certainty=[(1.0, True), (1.0, True), (0.95, False), (0.25, True)])
    found = calibration([outcome])
    assert found["expected_calibration_error"] == pytest.approx((0.95 + 0.75) / 4)
    assert [row["arguments"] for row in found["reliability"]] == [0, 0, 1, 0, 0, 0, 0, 0, 0, 3]
    assert found["reliability"][9] == {"from": 0.9, "to": 1.0, "arguments": 3, "certainty": 0.9833, "right": 0.6667}
    assert calibration([])["expected_calibration_error"] is None


def test_the_table_shows_shares(judged: list[Outcome]) -> None:
    console = Console(width=120, record=True, file=StringIO())
    console.print(table({"known": summarise(judged)}, "held-out cases"))
    shown = console.export_text()
    assert "50.0%" in shown and "25.0%" in shown and "known" in shown


def test_a_checkpoint_is_measured_freely_and_constrained(tmp_path: Path) -> None:
    """The whole way on the bundled model, over few cases."""
    report = tmp_path / "report.json"
    found = evaluate(folder(), sets=["known", "chat:2"], cases=3, report=report)
    assert json.loads(report.read_text()) == found
    assert found["review"] == read_defaults(folder()).settings.review is not None
    assert evaluate(folder(), sets=["known"], cases=1, unread=True)["review"] is None
    assert found["sets"]["known"]["cases"] == 3 and found["sets"]["chat"]["cases"] == 2
    assert found["constrained"]["chat"]["exact"] > 0.5
    for way in ("free", "constrained"):
        overall = found["overall"][way]
        assert overall["milliseconds_per_step"] > 0 and overall["no_call_recall"] == 1.0
        assert 0 <= overall["expected_calibration_error"] <= 1
    assert found["memory_mb"] is None or found["memory_mb"] > 50
