"""Agents on diffusion language models: tools from Python functions, and the loop that runs them."""

from agentkit.agent import Agent
from agentkit.approval import DeferredToolResults, ToolApproved, ToolDenied
from agentkit.assistant import Answer, Assistant, Loading
from agentkit.batch import BatchItem
from agentkit.budget import Budget
from agentkit.cancellation import CancellationToken
from agentkit.compaction import DropOldResults, History, Summarise
from agentkit.context import RunContext
from agentkit.errors import (
    AgentkitError,
    ApprovalRequired,
    ModelError,
    ModelNotFoundError,
    ModelRetry,
    OutcomeUnknown,
    RunCancelled,
    RunError,
    RunStopped,
    SessionConflict,
    SessionError,
    ToolDefinitionError,
    ToolError,
    ToolFailed,
    UsageLimitExceeded,
    UserError,
)
from agentkit.events import (
    CanvasCommitted,
    CanvasDraft,
    CanvasStarted,
    DelegatedEvent,
    Event,
    HandedOver,
    HistoryCompacted,
    RunFinished,
    SpanRenoised,
    TextCommitted,
    ThoughtCommitted,
    ToolCallDiscarded,
    ToolCallFinished,
    ToolCallStarted,
    UsageWarning,
)
from agentkit.handover import Handoff
from agentkit.hooks import Hooks
from agentkit.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    TextPart,
    ThoughtPart,
    ToolCallPart,
    ToolDefinition,
    ToolMessage,
    ToolResult,
    UserMessage,
    messages_from_json,
    messages_to_json,
    open_calls,
)
from agentkit.models.base import CanvasRecord, Model
from agentkit.options import RunOptions
from agentkit.output import ToolOutput
from agentkit.report import PromptReport
from agentkit.result import AgentRunResult
from agentkit.schema import Grounded
from agentkit.sessions import MemorySession, Session, SqliteSession
from agentkit.settings import Constraints, EarlyTools, ModelSettings
from agentkit.tools import Tool, tool
from agentkit.usage import Usage, UsageLimits

__version__ = "0.1.0"

__all__ = [
    "Agent",
    "AgentRunResult",
    "AgentkitError",
    "Answer",
    "ApprovalRequired",
    "Assistant",
    "AssistantMessage",
    "BatchItem",
    "Budget",
    "CancellationToken",
    "CanvasCommitted",
    "CanvasDraft",
    "CanvasRecord",
    "CanvasStarted",
    "Constraints",
    "DeferredToolResults",
    "DelegatedEvent",
    "DropOldResults",
    "EarlyTools",
    "Event",
    "Grounded",
    "HandedOver",
    "Handoff",
    "History",
    "HistoryCompacted",
    "Hooks",
    "Loading",
    "MemorySession",
    "Message",
    "Model",
    "ModelError",
    "ModelNotFoundError",
    "ModelRetry",
    "ModelSettings",
    "OutcomeUnknown",
    "PromptReport",
    "RunCancelled",
    "RunContext",
    "RunError",
    "RunFinished",
    "RunOptions",
    "RunStopped",
    "Session",
    "SessionConflict",
    "SessionError",
    "SpanRenoised",
    "SqliteSession",
    "Summarise",
    "SystemMessage",
    "TextCommitted",
    "TextPart",
    "ThoughtCommitted",
    "ThoughtPart",
    "Tool",
    "ToolApproved",
    "ToolCallDiscarded",
    "ToolCallFinished",
    "ToolCallPart",
    "ToolCallStarted",
    "ToolDefinition",
    "ToolDefinitionError",
    "ToolDenied",
    "ToolError",
    "ToolFailed",
    "ToolMessage",
    "ToolOutput",
    "ToolResult",
    "Usage",
    "UsageLimitExceeded",
    "UsageLimits",
    "UsageWarning",
    "UserError",
    "UserMessage",
    "messages_from_json",
    "messages_to_json",
    "open_calls",
    "tool",
]
