from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.dialects.gemma4 import Gemma4
from agentkit.dialects.tokenizer import Tokenizer
from agentkit_recipe.conversation import evaluation_case
from agentkit_recipe.evaluate import Outcome, judge, same, summarise, valid

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
        if case.arguments and len(tools) > 1 and all(isinstance(v, str) for v in case.arguments.values())
    )
    assert case.view is not None and case.arguments is not None
    name = case.view.definition.name
    other = next(tool.name for tool in tools if tool.name != name)
    wrong = {key: value + "x" for key, value in case.arguments.items()}
    outcomes = []
    for tokens in (
        dialect.render_call(name, case.arguments, stop=True),
        dialect.render_call(name, wrong, stop=True),
        dialect.render_call(other, case.arguments, stop=True),
        dialect.render_answer("no"),
    ):
        outcome = Outcome(case, "", [3])
        judge(outcome, dialect.parse(tokens), tools)
        outcomes.append(outcome)
    return outcomes


def test_calls_are_judged_by_tool_validity_and_arguments(judged: list[Outcome]) -> None:
    assert [outcome.tool for outcome in judged] == [True, True, False, False]
    assert [outcome.exact for outcome in judged] == [True, False, False, False]
    assert [outcome.valid for outcome in judged[:2]] == [True, True] and not judged[3].valid


def test_figures_are_shares(judged: list[Outcome]) -> None:
    figures = summarise(judged)
    assert (figures.cases, figures.tool, figures.exact, figures.steps_per_canvas) == (4, 0.5, 0.25, 3.0)
    assert figures.answer is None and len(figures.wrong) == 3
    assert "wrong" not in figures.as_json()
