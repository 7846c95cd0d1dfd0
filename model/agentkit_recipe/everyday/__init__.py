"""Families of tools from the other corners of life. All of them are trained on."""

from __future__ import annotations

from .living import LIVING
from .moving import MOVING
from .pairing import PAIRING
from .thinking import THINKING
from .working import WORKING

EVERYDAY = (*LIVING, *THINKING, *WORKING, *MOVING, *PAIRING)
