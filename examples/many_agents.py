"""Twenty agents at once on one engine: their canvases share every pass through the network."""

import time

import anyio

from agentkit import Agent, AgentRunResult, ModelSettings
from agentkit.models import load_model
from agentkit_tools import calculate

PROMPTS = [f"What is {number} times {number + 3}?" for number in range(11, 31)]


async def main() -> list[AgentRunResult[str]]:
    model = load_model("bundled")  # one engine, shared by all of them
    agents = [Agent(model, tools=[calculate], model_settings=ModelSettings(seed=seed)) for seed in range(len(PROMPTS))]
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
