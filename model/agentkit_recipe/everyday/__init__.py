"""Families of tools from the other corners of life. All of them are trained on."""

from __future__ import annotations

from .assisting import ASSISTING
from .business import BUSINESS
from .living import LIVING
from .moving import MOVING
from .pairing import PAIRING
from .software import SOFTWARE
from .thinking import THINKING
from .working import WORKING

NEWER = (*BUSINESS, *ASSISTING, *SOFTWARE)
EVERYDAY = (*LIVING, *THINKING, *WORKING, *MOVING, *PAIRING, *NEWER)
