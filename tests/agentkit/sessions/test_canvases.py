"""Turns that were cut off on the real engine with random weights: they are gone on with, canvas by canvas."""

from contextlib import asynccontextmanager

import pytest

from agentkit import Agent, AssistantMessage, CanvasDraft, MemorySession, ModelSettings, UsageLimits
from agentkit.sessions.entries import CanvasEntry
from agentkit.testing import toy_model

pytestmark = pytest.mark.anyio

FREE = ModelSettings(seed=3, max_tokens=80, max_denoising_steps=3, constraints=False)
HELD = ModelSettings(seed=5, max_tokens=80, max_denoising_steps=3)


@pytest.fixture(scope="module")
def model():
    return toy_model(seed=0)


class Killed(BaseException):
    """The end of the process, as far as a test can play it."""


class EndsAfter(MemorySession):
    """A session whose process ends after so many canvases were written."""

    def __init__(self, canvases: int) -> None:
        super().__init__()
        self.left = canvases

    @asynccontextmanager
    async def writing(self):
        async with super().writing() as writer:
            append = writer.append

            async def some(entries):
                await append(entries)
                self.left -= any(isinstance(entry, CanvasEntry) for entry in entries)
                if not self.left:
                    self.left = 1_000
                    raise Killed

            writer.append = some
            yield writer


async def watched(agent, prompt, session):
    async with agent.run_stream_events(prompt, session=session) as stream:
        events = [event async for event in stream]
    return events[-1].result, {event.canvas for event in events if isinstance(event, CanvasDraft)}


@pytest.mark.parametrize("settings", [FREE, HELD], ids=["free", "held"])
async def test_a_turn_goes_on_after_its_last_canvas_and_says_what_it_would_have_said(model, settings):
    agent = Agent(model, model_settings=settings)
    whole = await agent.run("Hello?", session=MemorySession())
    count = len(whole.canvases)
    assert count > 1
    for canvases in range(1, count + 1):
        session = EndsAfter(canvases)
        with pytest.raises(Killed):
            await agent.run("Hello?", session=session)
        result, denoised = await watched(agent, None, session)
        assert denoised == set(range(canvases, count))
        assert result.all_messages() == whole.all_messages() == await session.messages()
        assert [canvas.tokens for canvas in result.canvases] == [canvas.tokens for canvas in whole.canvases]
        assert (await session.usage()).canvases == count


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def test_a_run_of_several_turns_goes_on_wherever_it_was_cut_off(model):
    """Between turns it says what it would have said; within a call it ends the call that was begun, maybe otherwise."""
    settings = ModelSettings(seed=2, tool_choice="add", max_denoising_steps=3, max_tokens=64)
    agent = Agent(model, tools=[add], model_settings=settings, usage_limits=UsageLimits(turns=2))
    whole = await agent.run("1 + 2?", session=MemorySession())
    ends = [index + 1 for index, canvas in enumerate(whole.canvases) if canvas.stopped]
    assert 1 < ends[0] < len(whole.canvases)
    for canvases in range(1, len(whole.canvases)):
        session = EndsAfter(canvases)
        with pytest.raises(Killed):
            await agent.run("1 + 2?", session=session)
        result, denoised = await watched(agent, None, session)
        assert min(denoised) == canvases
        said = [message for message in result.all_messages() if isinstance(message, AssistantMessage)]
        assert all(made.fault is None and made.arguments is not None for made in said[0].calls)
        tokens = [token for canvas in whole.canvases[: min(canvases, ends[0])] for token in canvas.tokens]
        assert list(said[0].tokens[: len(tokens)]) == tokens
        if canvases == ends[0]:
            assert result.all_messages()[:4] == whole.all_messages()[:4]


async def test_canvases_that_do_not_fit_any_more_are_dropped(model):
    session = EndsAfter(2)
    with pytest.raises(Killed):
        await Agent(model, model_settings=FREE).run("Hello?", session=session)
    required = ModelSettings(seed=3, max_tokens=80, max_denoising_steps=3, tool_choice="add")
    agent = Agent(model, tools=[add], model_settings=required, usage_limits=UsageLimits(turns=1))
    result, denoised = await watched(agent, None, session)
    assert min(denoised) == 2
    assert result.all_messages()[1].calls


async def test_a_new_prompt_keeps_what_was_said_until_then(model):
    agent = Agent(model, model_settings=FREE)
    session = EndsAfter(2)
    with pytest.raises(Killed):
        await agent.run("Hello?", session=session)
    written = (await session.state()).canvases
    await agent.run("Never mind.", session=session)
    user, said, second, *_ = await session.messages()
    assert (user.text, second.text) == ("Hello?", "Never mind.")
    assert isinstance(said, AssistantMessage)
    assert list(said.parts) == list(model.parts_of(written))
