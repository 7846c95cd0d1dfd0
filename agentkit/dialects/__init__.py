"""Dialects: the wire formats of model families."""

from agentkit.dialects.base import (
    CallRegion,
    Dialect,
    Fault,
    Parsed,
    Region,
    Span,
    TextRegion,
    ThoughtRegion,
)
from agentkit.dialects.gemma4 import Gemma4
from agentkit.dialects.tokenizer import GEMMA_MARKERS, Tokenizer, TokenizerError

__all__ = [
    "GEMMA_MARKERS",
    "CallRegion",
    "Dialect",
    "Fault",
    "Gemma4",
    "Parsed",
    "Region",
    "Span",
    "TextRegion",
    "ThoughtRegion",
    "Tokenizer",
    "TokenizerError",
]
