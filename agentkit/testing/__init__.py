"""Models for tests: answers by script, by function, from a recording, and faults on purpose.

They are ordinary models: the loop, the tools, the limits and the events are the real ones.
"""

from agentkit.models.allowed import allow_models, forbid_models
from agentkit.models.base import Model
from agentkit.testing.cassette import CassetteModel, RecordingModel
from agentkit.testing.faulty import FaultyModel
from agentkit.testing.function import FunctionModel
from agentkit.testing.replies import Reply, bad_call, call
from agentkit.testing.scripted import ScriptedModel
from agentkit.testing.tape import CassetteError

__all__ = [
    "CassetteError",
    "CassetteModel",
    "FaultyModel",
    "FunctionModel",
    "RecordingModel",
    "Reply",
    "ScriptedModel",
    "allow_models",
    "bad_call",
    "call",
    "forbid_models",
    "toy_model",
]


def toy_model(seed: int = 0) -> Model:
    """The real engine with random weights and the bundled tokenizer, small enough for thousands of runs.

    What it writes is noise: text, bad calls, nothing; with `ModelSettings(seed=...)` the same every time. Canvases have
    16 tokens; unless the settings say otherwise, a turn has at most 3 of them, of at most 4 denoising steps each. Needs
    torch and transformers.
    """
    from agentkit.toy import build

    return build(seed)
