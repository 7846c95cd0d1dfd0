"""Twenty agents at once on one engine: their canvases share every pass through the network."""

import time

import anyio

from agentkit import Agent, AgentRunResult, ModelSettings
from agentkit.models import load_model
from agentkit_tools import calculate

PAIRS = (
    "28*14 4*5 34*17 85*50 99*10 51*57 65*99 64*5 19*74 79*99 42*5 2*91 59*36 94*31 77*15 59*62 56*94 89*29 30*99 58*65"
)
PROMPTS = [f"Calculate {pair.replace('*', ' * ')}" for pair in PAIRS.split()]


async def main() -> list[AgentRunResult[str]]:
    model = load_model("bundled")  # one engine, shared by all of them
    agents = [Agent(model, tools=[calculate], model_settings=ModelSettings(seed=0)) for _ in PROMPTS]
    results: list[AgentRunResult[str] | None] = [None] * len(agents)

    async def ask(index: int) -> None:
        results[index] = await agents[index].run(PROMPTS[index])

    started = time.perf_counter()
    async with anyio.create_task_group() as group:
        for index in range(len(agents)):
            group.start_soon(ask, index)
    seconds = time.perf_counter() - started

    finished = [result for result in results if result is not None]
    for prompt, result in zip(PROMPTS, finished, strict=True):
        print(f"{prompt:<24} {result.output}")
    canvases = sum(result.usage.canvases for result in finished)
    steps = sum(result.usage.denoising_steps for result in finished)
    print(f"{len(finished)} agents, {canvases} canvases, {steps / canvases:.1f} steps per canvas, {seconds:.1f} s")
    return finished


if __name__ == "__main__":
    anyio.run(main)
