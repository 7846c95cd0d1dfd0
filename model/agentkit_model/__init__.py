"""The in-process diffusion engine: token ids in, token ids out.

from agentkit_model import Engine

async with Engine.from_pretrained(folder) as engine:
    context = await engine.open(tokens)
    async with context.fill() as canvas:
        result = await canvas.result()
    await context.commit(result)
"""

from agentkit_model.automaton import Choice, TokenAutomaton
from agentkit_model.canvas import Canvas
from agentkit_model.context import Context
from agentkit_model.engine import Engine
from agentkit_model.errors import (
    CanvasCancelled,
    CheckpointError,
    ContextError,
    DenoisingError,
    EngineClosedError,
    EngineError,
    OutOfMemoryError,
    PlanError,
    QuantizationError,
)
from agentkit_model.path import Hold
from agentkit_model.plan import CanvasPlan, CanvasResult, Draft
from agentkit_model.progress import Progress
from agentkit_model.sampler import SamplerSettings
from agentkit_model.worker import Stats

__all__ = [
    "Canvas",
    "CanvasCancelled",
    "CanvasPlan",
    "CanvasResult",
    "CheckpointError",
    "Choice",
    "Context",
    "ContextError",
    "DenoisingError",
    "Draft",
    "Engine",
    "EngineClosedError",
    "EngineError",
    "Hold",
    "OutOfMemoryError",
    "PlanError",
    "Progress",
    "QuantizationError",
    "SamplerSettings",
    "Stats",
    "TokenAutomaton",
]
