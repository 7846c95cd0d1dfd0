"""Up to where lengths are counted."""

EXACT_LENGTH = 100
"""Most characters of a text whose length is counted; a greatest length beyond it is not, until a text was too long."""

MOST_LENGTH = 400
"""The greatest `minLength` that can be held."""

MOST_ITEMS = 16
"""Up to how many items of an array, or members of a map, a greatest number is counted, as `EXACT_LENGTH`."""

MOST_FEWEST = 128
"""The greatest `minItems`, or `minProperties` of a map, that can be held."""
