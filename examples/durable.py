"""A request that waits for a person, and outlives its process.

    python examples/durable.py "Turn on the heater"     # asks first, and the process ends
    python examples/durable.py --approve                # another process, maybe tomorrow: the heater is turned on
    python examples/durable.py --deny

Kill it whenever you like: what was done is known, and done once.
"""

import argparse
from collections.abc import Sequence

from agentkit import Agent, AgentRunResult, DeferredToolResults, ModelSettings, SqliteSession, ToolDenied, tool
from agentkit.messages import ToolCallPart


@tool(requires_approval=True, idempotent=True)
def turn_on(device: str) -> str:
    """Turn on a device.

    Args:
        device: The device to turn on.
    """
    print(f"(the {device} goes on)")
    return "ok"


def decide(calls: Sequence[ToolCallPart], approved: bool) -> DeferredToolResults:
    """The same answer for all calls that wait."""
    return DeferredToolResults({call.id: approved or ToolDenied("The user said no.") for call in calls})


def main(arguments: Sequence[str] | None = None) -> AgentRunResult[str]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("request", nargs="?")
    parser.add_argument("--approve", action="store_true")
    parser.add_argument("--deny", action="store_true")
    parser.add_argument("--session", default="sessions.db", help="the file that remembers")
    options = parser.parse_args(arguments)

    agent = Agent("bundled", tools=[turn_on], model_settings=ModelSettings(seed=0))
    session = SqliteSession(options.session, "home")
    result = agent.run_sync(options.request, session=session)  # without a request: goes on where it stopped
    if result.pending_calls and (options.approve or options.deny):
        decisions = decide(result.pending_calls, options.approve)
        result = agent.run_sync(None, session=session, deferred_tool_results=decisions)
    for call in result.pending_calls:
        print(f"May I {call.name} {call.arguments}? Say --approve or --deny.")
    print(result.output or result.stop_detail)
    return result


if __name__ == "__main__":
    main()
