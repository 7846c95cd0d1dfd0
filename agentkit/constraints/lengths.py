"""Up to where lengths are counted."""

EXACT_LENGTH = 100
"""Most characters of a text whose length is counted."""
