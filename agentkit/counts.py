"""What is counted over the turns of a run, to see whether it gets any further."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """What a run's turns came to.

    retries    wrong calls in a row, by tool
    bad_calls  the calls of the last turn that were faulty
    turns      a digest of what each turn called and was answered
    """

    retries: Counter[str] = field(default_factory=Counter)
    bad_calls: set[str] = field(default_factory=set)
    turns: list[str] = field(default_factory=list)

    def copy(self) -> Counts:
        return deepcopy(self)

    def forget_wrong(self) -> None:
        """Another agent goes on, and begins with a clean slate."""
        self.retries.clear()
        self.bad_calls.clear()
