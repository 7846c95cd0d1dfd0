"""What can go wrong in the engine, and who has to react.

EngineError
├── CheckpointError      the folder or hub id is not a loadable DiffusionGemma checkpoint: mend the path or the files
├── QuantizationError    the weights cannot be held in fewer bits here: install what is missing, or leave it out
├── OutOfMemoryError     weights, cache or batch do not fit: a smaller dtype, batch or context
├── ContextError         a context was asked for something it cannot do: mend the call
├── PlanError            a canvas plan holds values that make no sense: mend the plan (also a ValueError)
├── CanvasCancelled      the result of a canvas was asked for after the canvas had been left
├── DenoisingError       a step failed for a reason outside of the engine's control (the cause is chained)
└── EngineClosedError    the engine was closed before the work was done
"""


class EngineError(Exception):
    """Base of every error that the engine raises on purpose."""


class CheckpointError(EngineError):
    """The source is not a complete DiffusionGemma checkpoint; the message says what is missing and where."""


class QuantizationError(EngineError):
    """The weights cannot be quantised: the extra is not installed, or the device has no kernels for it."""


class OutOfMemoryError(EngineError):
    """Weights, cache or batch do not fit into the device's memory."""


class ContextError(EngineError):
    """A context cannot do what was asked of it in its present state."""


class PlanError(EngineError, ValueError):
    """A canvas plan or a sampler setting is out of its range."""


class CanvasCancelled(EngineError):
    """The canvas was left before it was finished, so it has no result."""


class DenoisingError(EngineError):
    """A prefill or a denoising step failed; the original error is the cause."""


class EngineClosedError(EngineError):
    """The engine is closed."""
