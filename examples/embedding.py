"""An assistant inside an app: once from the app's own event loop, once from a main thread that must not block."""

import time

import anyio

from agentkit import Agent, Assistant, ModelSettings, TextCommitted, ToolCallStarted
from agentkit_tools import Notes


async def in_an_event_loop(assistant: Assistant) -> str:
    """An async app goes on with its own work, and follows the answer by events."""
    ticks, answer = 0, ""

    async def app() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await anyio.sleep(0.01)

    async with anyio.create_task_group() as group:
        group.start_soon(app)
        async for event in assistant.ask("Add a note: buy milk and bread", conversation="first"):
            if isinstance(event, ToolCallStarted):
                print(f"calls {event.call.name} with {event.call.arguments}")
            elif isinstance(event, TextCommitted):
                answer = event.text
        group.cancel_scope.cancel()
    print(f"{answer} (the app's loop went on: {ticks} ticks)")
    return answer


def from_a_main_thread(assistant: Assistant) -> str:
    """A GUI's main thread asks, polls between its own frames, and could call `answer.cancel()` at any time."""
    answer = assistant.ask("Take a note: call the dentist", conversation="second")
    frames = 0
    while not answer.done:
        frames += 1  # here a GUI shows what `answer.poll()` gives, and draws
        time.sleep(0.02)
    said: str = answer.result().output
    print(f"{said} ({frames} frames drawn meanwhile)")
    return said


def main() -> tuple[str, str, list[str]]:
    notes = Notes(":memory:")
    agent = Agent("bundled", tools=notes.tools, model_settings=ModelSettings(seed=0))
    with Assistant(agent) as assistant:
        return anyio.run(in_an_event_loop, assistant), from_a_main_thread(assistant), notes.list_notes()


if __name__ == "__main__":
    main()
