"""Families of tools from the other corners of life. All of them are trained on."""

from __future__ import annotations

from .living import LIVING
from .thinking import THINKING

EVERYDAY = (*LIVING, *THINKING)
