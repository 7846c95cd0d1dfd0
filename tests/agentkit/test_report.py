"""What prompts cost in tokens, one call away."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import Agent, Message, Model, ToolDefinition, UserError, UserMessage
from agentkit.cli import main
from agentkit.dialects import Gemma4
from agentkit.models.base import ModelRequest
from agentkit.testing import ScriptedModel, call, toy_model
from tests.agentkit.conversations import conversations


def look(n: int) -> str:
    """Look something up."""
    return "found"


def stay(days: int, city: str = "Oslo") -> None:
    """Stay in a city for some days."""


@pytest.fixture(scope="module")
def model() -> Model:
    return toy_model(seed=0)


DEFINITIONS = [tool.definition for tool in Agent(ScriptedModel([]), tools=[look, stay]).tools.values()]


@given(messages=conversations(), tools=st.lists(st.sampled_from(DEFINITIONS), max_size=3), thinking=st.booleans())
def test_the_parts_are_all_of_the_prompt(
    model: Any, messages: list[Message], tools: list[ToolDefinition], thinking: bool
) -> None:
    dialect: Gemma4 = model.dialect
    outline = dialect.outline(messages, tools, thinking=thinking, model="ours")
    whole = dialect.render(messages, tools, thinking=thinking, model="ours")
    assert outline.system + sum(outline.tools) + sum(outline.messages) + outline.opening == len(whole)
    assert (len(outline.messages), len(outline.tools)) == (len(messages), len(tools))
    assert min(outline.system, *outline.tools, *outline.messages, outline.opening, 1) >= 0


def test_a_report_is_of_the_prompt_that_a_run_reads(model: Model) -> None:
    agent = Agent(model, instructions="Be brief.", output_type=bool)
    report = agent.prompt_report("Is it there?")
    result = agent.run_sync("Is it there?")
    assert (report.total, result.usage.turns) == (result.usage.prompt_tokens, 1)
    assert list(report.tools) == ["final_result"]
    assert [message for message, _ in report.messages] == [UserMessage("Is it there?")]
    assert report.context == 16_384
    assert report.left == 16_384 - report.total


def test_each_part_costs_what_it_adds(model: Model) -> None:
    plain = Agent(model, tools=[look]).prompt_report("Hi")
    more = Agent(model, tools=[look, stay], instructions="Be brief.").prompt_report("Hi")
    assert more.tools["look"] == plain.tools["look"]
    assert more.total - plain.total == more.tools["stay"] + more.instructions - plain.instructions
    longer = Agent(model, tools=[look]).prompt_report("Hi", [UserMessage("Hello " * 50)])
    assert longer.total - plain.total == longer.messages[0][1] > 50


def test_a_report_can_be_read(model: Model) -> None:
    scripted = Agent(ScriptedModel([call("look", n=1), "There is tea."]), tools=[look])
    history = scripted.run_sync("What is in stock?  " + "Tell me. " * 20).all_messages()
    report = Agent(model, tools=[look]).prompt_report("And coffee?", history)
    assert [part.split(":")[0] for part, _ in report.rows()] == [
        "instructions",
        "tool look",
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
        "opening of the turn",
    ]
    text = str(report)
    assert text.splitlines()[-2].endswith("  total")
    assert text.splitlines()[-1].endswith("  left of 16384")
    assert "assistant: look({'n': 1})" in text
    assert "tool: look: found" in text
    assert max(map(len, text.splitlines())) < 80


def test_a_model_that_does_not_count_is_refused() -> None:
    with pytest.raises(UserError, match="'scripted' doesn't tell"):
        Agent(ScriptedModel([])).prompt_report("Hi")
    assert ScriptedModel([]).context_length is None
    assert ScriptedModel([]).outline(ModelRequest(())) is None


def test_the_command_explains_and_asks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "Calculate 12 * 34", "--explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.endswith("tool calculate") for line in lines)
    assert lines[-1].endswith("left of 4096")
    assert main(["ask", "Calculate 12 * 34", "--explain", "--json", "--no-tools"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["total"] == sum(part["tokens"] for part in report["parts"]) == report["context"] - report["left"]
    assert main(["ask", "Calculate 12 * 34", "--explain", "--watch"]) == 2
    assert "--explain asks nothing" in capsys.readouterr().err
