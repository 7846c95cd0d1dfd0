"""What a type checker knows of an agent: the types of its output and of its tools' deps."""

from pathlib import Path

from mypy import api

PROGRAM = """
from dataclasses import dataclass
from typing import Any, Literal, assert_type

from agentkit import Agent, AssistantMessage, RunContext, ToolOutput, UserMessage
from agentkit.testing import FunctionModel, Reply, ScriptedModel, call

@dataclass
class City:
    name: str

def count(words: list[str]) -> int:
    return len(words)

async def fetch(url: str) -> bytes:
    return b""

assert_type(Agent(), Agent[None, str])
assert_type(Agent(output_type=str), Agent[None, str])
assert_type(Agent(output_type=City), Agent[None, City])
assert_type(Agent(output_type=City | None), Agent[None, City | None])
assert_type(Agent(output_type=list[City]), Agent[None, list[City]])
assert_type(Agent(output_type=Literal["a", "b"]), Agent[None, Literal["a", "b"]])
assert_type(Agent(output_type=ToolOutput(City, name="city")), Agent[None, City])
assert_type(Agent(output_type=count), Agent[None, int])
assert_type(Agent(output_type=fetch), Agent[None, bytes])
assert_type(Agent(output_type=ToolOutput(count)), Agent[None, int])
assert_type(Agent(output_type=ToolOutput(fetch)), Agent[None, bytes])
assert_type(Agent(output_type=[City, count]), Agent[None, Any])
assert_type(Agent(output_type=City, deps_type=int), Agent[int, City])

agent = Agent(output_type=City, deps_type=int, retries=2)

@agent.output_validator
def known(context: RunContext[int], city: City) -> City:
    return city

assert_type(known(RunContext(3), City("Rome")), City)

@agent.output_validator
async def checked(city: City, most: int = 9) -> City:
    return city

@agent.output_validator  # type: ignore[arg-type]
def of_another_type(text: str) -> str:
    return text

@agent.output_validator  # type: ignore[arg-type]
def of_other_deps(context: RunContext[str], city: City) -> City:
    return city

Agent().output_validator(lambda text: text.strip())

@agent.tool
def near(context: RunContext[int], name: str) -> int:
    return context.deps

@agent.tool(retries=2)
async def far(context: RunContext[int]) -> int:
    return context.deps

@agent.tool
def anywhere(context: RunContext[Any]) -> None: ...

@agent.tool  # type: ignore[arg-type]
def elsewhere(context: RunContext[str]) -> str:
    return context.deps

@agent.tool_plain
def here() -> str:
    return "here"

agent.run_sync("And then?", message_history=[UserMessage("Where?"), AssistantMessage("Here.")])

script: list[Reply] = [call("here"), "Here."]
ScriptedModel(script)
FunctionModel(lambda request: request.messages[-1].text.upper())
assert_type(agent.run_sync("Where?", deps=3).output, City)
several: Agent[None, City | int] = Agent(output_type=[City, count])
named: Agent[dict[str, int]] = Agent(deps_type=dict)
Agent(rerties=3)  # type: ignore[call-overload]
"""


def test_the_output_type_is_inferred(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    report, errors, status = api.run(["--strict", "--warn-unused-ignores", str(program)])
    assert (errors, status) == ("", 0), report
