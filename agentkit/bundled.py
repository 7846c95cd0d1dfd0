"""The model that ships with agentkit, as a model object."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from agentkit.errors import ModelNotFoundError
from agentkit.settings import Constraints, ModelSettings

if TYPE_CHECKING:
    from agentkit.models.base import Progress
    from agentkit.models.diffusion import DiffusionModel

MAX_TOOLS = 6  # as many as it was trained with; with more it is less often right, see docs/many_tools.md

CONSTRAINTS = Constraints(grounding="inferred", relevance=8.0)
"""How its canvases are held where nobody says otherwise: most of what it is asked to pass on stands in the request, and
so do words of the tool that is meant."""


def folder() -> Path:
    """Where the bundled checkpoint lies.

    Raises:
        ModelNotFoundError: the installation holds no weights.
    """
    spec = find_spec("agentkit_model")  # found without importing it, and torch with it
    origin = None if spec is None or spec.origin is None else Path(spec.origin).parent / "bundled"
    if origin is None or not (origin / "config.json").exists():
        raise ModelNotFoundError(
            "This installation of agentkit has no bundled model: install agentkit-diffusion again."
        )
    return origin


def load(progress: Progress | None = None) -> DiffusionModel:
    """Opens the bundled model. `Agent("bundled")` shares one per process (`agentkit.models.load_model`).

    Raises:
        ModelNotFoundError: the weights are missing.
        UserError: torch or transformers is not installed; the message says how to install them.
    """
    from agentkit.models.diffusion import DiffusionModel

    # a network this small is faster on the CPU than the launches of an accelerator's kernels
    settings = ModelSettings(constraints=CONSTRAINTS, max_tools=MAX_TOOLS)
    return DiffusionModel.from_pretrained(
        folder(), device="cpu", dtype="float32", name="bundled", settings=settings, progress=progress
    )
