"""The names that agentkit shows to its users."""

import subprocess
import sys

import agentkit


def test_the_public_names():
    assert agentkit.__all__ == sorted(agentkit.__all__)
    public = {name for name, value in vars(agentkit).items() if not name.startswith("_")}
    modules = {name for name in public if getattr(getattr(agentkit, name), "__spec__", None) is not None}
    assert public - modules == set(agentkit.__all__)
    assert set(agentkit.__all__) == set(
        """
        Agent
        AgentRunResult
        AgentkitError
        Answer
        ApprovalRequired
        Assistant
        AssistantMessage
        BatchItem
        Budget
        CancellationToken
        CanvasCommitted
        CanvasDraft
        CanvasRecord
        CanvasStarted
        Constraints
        DeferredToolResults
        DropOldResults
        EarlyTools
        Event
        Grounded
        DelegatedEvent
        HandedOver
        Handoff
        History
        HistoryCompacted
        Hooks
        Loading
        MemorySession
        Message
        Model
        ModelError
        ModelNotFoundError
        ModelRetry
        ModelSettings
        OutcomeUnknown
        PromptReport
        RunCancelled
        RunContext
        RunError
        RunFinished
        RunOptions
        RunStopped
        Session
        SessionConflict
        SessionError
        SpanRenoised
        SqliteSession
        Summarise
        SystemMessage
        TextCommitted
        TextPart
        ThoughtCommitted
        ThoughtPart
        Tool
        ToolApproved
        ToolCallDiscarded
        ToolCallFinished
        ToolCallPart
        ToolCallStarted
        ToolDefinition
        ToolDefinitionError
        ToolDenied
        ToolError
        ToolFailed
        ToolMessage
        ToolOutput
        ToolResult
        Usage
        UsageLimitExceeded
        UsageLimits
        UsageWarning
        UserError
        UserMessage
        messages_from_json
        messages_to_json
        open_calls
        tool
        """.split()
    )


def test_a_run_needs_neither_torch_nor_transformers():
    program = """
import sys
for heavy in ("torch", "transformers", "rich"):
    sys.modules[heavy] = None  # importing it is an error
from agentkit import Agent
from agentkit.testing import ScriptedModel, call
agent = Agent(ScriptedModel([call("add", a=1, b=2), "3"]))
agent.tool_plain(name="add")(lambda a, b: a + b)
assert agent.run_sync("1 + 2?").output == "3"
assert not {name.partition(".")[0] for name in sys.modules} & {"agentkit_model", "numpy", "httpx"}
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
