"""An assistant inside an app: once in the app's own event loop, once from a main thread that must not block."""

import queue
import threading

import anyio

from agentkit import Agent, CancellationToken, ModelSettings, RunFinished, TextCommitted, ToolCallStarted
from agentkit_tools import Notes

NOTES = Notes(":memory:")
AGENT = Agent("bundled", tools=NOTES.tools, model_settings=ModelSettings(seed=0))


async def in_an_event_loop() -> str:
    """An async app awaits the run beside its own work, and follows it by events."""
    ticks = 0

    async def app() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await anyio.sleep(0.01)

    answer = ""
    async with anyio.create_task_group() as group:
        group.start_soon(app)
        async with AGENT.run_stream_events("Add a note: buy milk and bread") as events:
            async for event in events:
                if isinstance(event, ToolCallStarted):
                    print(f"calls {event.call.name} with {event.call.arguments}")
                elif isinstance(event, TextCommitted):
                    answer = event.text
        group.cancel_scope.cancel()
    print(f"{answer} (the app's loop went on: {ticks} ticks)")
    return answer


def from_a_main_thread() -> str:
    """A GUI's main thread starts a worker, polls a queue between its own events, and can cancel at any time."""
    messages: queue.Queue[str] = queue.Queue()
    token = CancellationToken()

    async def run() -> None:
        async with AGENT.run_stream_events("Take a note: call the dentist", cancellation_token=token) as events:
            async for event in events:
                if isinstance(event, RunFinished):
                    messages.put(event.result.output)

    worker = threading.Thread(target=anyio.run, args=(run,))
    worker.start()
    frames = 0
    while messages.empty() and worker.is_alive():
        frames += 1  # here a GUI draws; a "stop" button would call token.cancel()
        worker.join(timeout=0.02)
    worker.join()
    answer = messages.get_nowait()
    print(f"{answer} ({frames} frames drawn meanwhile)")
    return answer


def main() -> tuple[str, str, list[str]]:
    return anyio.run(in_an_event_loop), from_a_main_thread(), NOTES.list_notes()


if __name__ == "__main__":
    main()
