"""Ready-made tools: plain, typed functions that are safe to hand to a model.

Every function checks what it is given as if a stranger had written it. A mistake the model can mend is an
`agentkit.ModelRetry` that names the argument; anything else that goes wrong is an `agentkit.ToolFailed`.
"""

from agentkit_tools.calculator import calculate
from agentkit_tools.clock import current_time
from agentkit_tools.files import Files
from agentkit_tools.notes import Notes
from agentkit_tools.units import convert_units
from agentkit_tools.web import Web, http_get

__all__ = ["Files", "Notes", "Web", "calculate", "convert_units", "current_time", "http_get"]
