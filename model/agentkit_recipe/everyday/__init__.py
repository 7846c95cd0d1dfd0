"""Families of tools from the other corners of life. All of them are trained on."""

from __future__ import annotations

from .assisting import ASSISTING
from .business import BUSINESS
from .caring import CARING
from .commerce import COMMERCE
from .engineering import ENGINEERING
from .household import HOUSEHOLD
from .living import LIVING
from .moving import MOVING
from .organising import ORGANISING
from .outing import OUTING
from .pairing import PAIRING
from .serving import SERVING
from .software import SOFTWARE
from .thinking import THINKING
from .utilities import UTILITIES
from .working import WORKING

NEWER = (
    *(*BUSINESS, *ASSISTING, *SOFTWARE),
    *(*HOUSEHOLD, *CARING, *OUTING, *ORGANISING, *ENGINEERING, *COMMERCE, *SERVING, *UTILITIES),
)
EVERYDAY = (*LIVING, *THINKING, *WORKING, *MOVING, *PAIRING, *NEWER)
