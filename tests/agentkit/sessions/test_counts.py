"""What is counted of a run is counted on when another process goes on with it."""

from contextlib import suppress

import pytest

from agentkit import Agent, Handoff, MemorySession, ModelError, ModelRetry, SqliteSession, UsageLimits
from agentkit.testing import FunctionModel, ScriptedModel, bad_call, call

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory", "sqlite"])
def session(request, tmp_path):
    return MemorySession() if request.param == "memory" else SqliteSession(tmp_path / "sessions.db", "ada")


async def in_pieces(turns, session, prompt="Go.", **options):
    """Every turn of the model in a run of its own, as if the process had ended after each; the last run's result."""
    result = None
    for place, turn in enumerate(turns):
        agent = Agent(ScriptedModel([turn, ModelError("no power")]), **options)
        with suppress(ModelError):
            result = await agent.run(None if place else prompt, session=session)
            break
    assert result is not None, "it went on and on"
    return result, place + 1


def look(word: str) -> str:
    if word.startswith("bad"):
        raise ModelRetry(f"not {word}")
    return "seen"


async def test_retries(session):
    wrong = [call("look", word=f"bad {n}") for n in range(9)]
    result, turns = await in_pieces(wrong, session, tools=[look], retries=2)
    assert (result.stop_reason, turns) == ("retries_exhausted", 3)


async def test_retries_that_a_right_call_gave_back(session):
    turns = [call("look", word=word) for word in ("bad 1", "bad 2", "good", "bad 3", "bad 4", "bad 5", "bad 6")]
    result, turns = await in_pieces(turns, session, tools=[look], retries=2)
    assert (result.stop_reason, turns) == ("retries_exhausted", 6)


async def test_answers_that_stay_wrong(session):
    result, turns = await in_pieces(["Six.", "Well, six.", "Six!", "6"], session, output_type=int, retries=2)
    assert (result.stop_reason, turns) == ("retries_exhausted", 3)


async def test_a_bad_call_that_is_repeated(session):
    wrong = [bad_call("look", "call:look{", "it has no end") for _ in range(9)]
    result, turns = await in_pieces(wrong, session, tools=[look], retries=9)
    assert (result.stop_reason, turns) == ("repeated_call", 2)


@pytest.mark.parametrize(("words", "stops_after"), [("a", 3), ("ab", 6)])
async def test_calls_in_a_circle(session, words, stops_after):
    circle = [call("look", word=words[n % len(words)]) for n in range(9)]
    limits = UsageLimits(identical_calls=3)
    result, turns = await in_pieces(circle, session, tools=[look], usage_limits=limits)
    assert (result.stop_reason, turns) == ("repeated_call", stops_after)


async def test_the_next_prompt_begins_anew(session):
    for _ in range(3):
        agent = Agent(ScriptedModel([call("look", word="bad"), "No."]), tools=[look], retries=1)
        assert (await agent.run("Look.", session=session)).stop_reason == "finished"


async def test_the_same_prompt_begins_anew_after_a_run_that_was_cut_off(session):
    with pytest.raises(ModelError):
        await Agent(ScriptedModel([call("look", word="bad"), ModelError("no power")]), tools=[look]).run(
            "Look.", session=session
        )
    agent = Agent(ScriptedModel([call("look", word="bad"), "No."]), tools=[look], retries=1)
    assert (await agent.run("Look.", session=session)).output == "No."


async def test_whom_it_was_handed_to_answers_again_when_the_answer_was_refused(session):
    def reply(request):
        if len(request.messages) > 4:
            raise ModelError("no power")
        return "Six."

    def desk(model) -> Agent:
        other = Agent(model, output_type=int, name="other")
        first = ScriptedModel([call("transfer_to_other")])
        return Agent(first, output_type=[str, Handoff(other)], name="desk")

    with pytest.raises(ModelError):
        await desk(FunctionModel(reply)).run("How many?", session=session)
    assert (await session.messages())[-1].is_retry
    result = await desk(ScriptedModel([call("final_result", response=6)])).run(None, session=session)
    assert (result.output, result.agent) == (6, "other")
    history = (await session.messages())[:-2]
    again = await desk(ScriptedModel([call("final_result", response=6)])).run(None, message_history=history)
    assert (again.output, again.agent) == (6, "other")
