"""Agents on diffusion language models: tools from Python functions, and the loop that runs them."""

from agentkit.errors import (
    AgentkitError,
    ApprovalRequired,
    ModelError,
    ModelNotFoundError,
    ModelRetry,
    RunCancelled,
    RunError,
    RunStopped,
    ToolDefinitionError,
    ToolError,
    ToolFailed,
    UsageLimitExceeded,
    UserError,
)
from agentkit.result import AgentRunResult
from agentkit.settings import ModelSettings
from agentkit.usage import Usage, UsageLimits

__all__ = [
    "AgentRunResult",
    "AgentkitError",
    "ApprovalRequired",
    "ModelError",
    "ModelNotFoundError",
    "ModelRetry",
    "ModelSettings",
    "RunCancelled",
    "RunError",
    "RunStopped",
    "ToolDefinitionError",
    "ToolError",
    "ToolFailed",
    "Usage",
    "UsageLimitExceeded",
    "UsageLimits",
    "UserError",
]
