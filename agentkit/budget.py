"""Budgets: what is spent, held to limits, over runs, sessions and trees of agents."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from agentkit.errors import UsageLimitExceeded, UserError
from agentkit.usage import LIMITS, Usage, UsageLimits

Scope: TypeAlias = Literal["run", "session", "shared"]


class Near(NamedTuple):
    """A limit that is near: which, what is spent of it, what it is, and whose it is."""

    limit: str
    used: float
    maximum: float
    scope: Scope


NEAR = 0.8
"""The share of a limit from which on it is told that the limit is near."""


class Budget:
    """Counts what is spent and holds it to the limits. Safe to use from any thread.

    Budgets nest: what is spent on a child is spent on its parent as well, and the tightest limit holds. A model gets a
    child of its run's budget for each turn, and before each canvas asks `held(...)` for what the canvas may spend.

    limits   None: no limits, only counting
    parent   what is spent from besides
    spent    what was spent before
    scope    whose budget it is: "run", "session" or "shared"
    clock    whether seconds go by from now on; else they add up from those of the runs that end
    near     called once for each limit when 80% of it is spent, with its name, what is spent and the maximum
    """

    def __init__(
        self,
        limits: UsageLimits | None = None,
        *,
        parent: Budget | None = None,
        spent: Usage | None = None,
        scope: Scope = "shared",
        clock: bool = False,
        near: Callable[[Near], None] | None = None,
    ) -> None:
        if not isinstance(limits, UsageLimits | None):
            raise UserError(f"Budget takes a UsageLimits, not {limits!r}.")
        self.limits = limits if limits is not None else UsageLimits.none()
        self.scope = scope
        self._parent = parent
        self._usage = replace(spent) if spent is not None else Usage()
        self._held: Counter[str] = Counter()
        self._started = time.monotonic() if clock else None
        self._near = near
        self._told: set[str] = set()
        self._lock: threading.RLock = parent._lock if parent is not None else threading.RLock()

    @property
    def usage(self) -> Usage:
        """What was spent until now."""
        with self._lock:
            return replace(self._usage, seconds=self._usage.seconds + self._elapsed())

    def child(self, limits: UsageLimits | None = None) -> Budget:
        return Budget(limits, parent=self)

    def spend(self, **amounts: Any) -> None:
        """Adds what was spent, by the usage's fields. Raises `UsageLimitExceeded` once a maximum is exceeded."""
        with self._lock:
            self.add(**amounts)
            for name in amounts:
                self._check_left(_limit_of(name), 0)

    def charge(self, **amounts: int) -> None:
        """Adds what is about to be spent, or raises `UsageLimitExceeded` and adds nothing."""
        with self._lock:
            for name, amount in amounts.items():
                self._check_left(_limit_of(name), amount)
            self.add(**amounts)

    def add(self, **amounts: Any) -> None:
        """Adds what was spent. Raises nothing."""
        with self._lock:
            self._add(amounts, None)

    @contextmanager
    def held(self, **wanted: int) -> Iterator[Mapping[str, int]]:
        """Keeps as much as is left of each amount, and at most what is wanted, for what is done inside.

        Whoever shares the budget gets none of it meanwhile. What was spent of it is still to be added, inside. Raises
        `UsageLimitExceeded` when nothing is left of one of them.
        """
        with self._lock:
            for name, amount in wanted.items():
                self._check_left(_limit_of(name), min(1, amount))
            granted = {name: self._available(name, amount) for name, amount in wanted.items()}
            self._keep(granted, 1)
        try:
            yield granted
        finally:
            with self._lock:
                self._keep(granted, -1)

    def check_turn(self) -> None:
        """Raises `UsageLimitExceeded` when no turn is left."""
        self._check_left("turns", 1)
        self.check_canvas()

    def check_canvas(self) -> None:
        """Raises `UsageLimitExceeded` when no canvas, denoising step or token is left. Call it before each canvas."""
        for name in ("canvases", "denoising_steps", "tokens"):
            self._check_left(name, 1)

    def check_tool_calls(self, count: int) -> None:
        """Raises `UsageLimitExceeded` when `count` calls are more than are left."""
        self._check_left("tool_calls", count)

    def check_tokens(self, count: int) -> None:
        """Raises `UsageLimitExceeded` when `count` tokens are more than are left."""
        self._check_left("tokens", count)

    def check(self) -> None:
        """Raises `UsageLimitExceeded` when a maximum is exceeded."""
        for name in LIMITS:
            self._check_left(name, 0)

    def left(self, name: str) -> float | None:
        """How much of a limit, by its field's name, is left; None without a limit."""
        with self._lock:
            maximum = getattr(self.limits, name)
            own = None if maximum is None else max(0, maximum - self._taken(name))
            outer = self._parent.left(name) if self._parent is not None else None
            return own if outer is None else outer if own is None else min(own, outer)

    def exceeded(self, name: str) -> UsageLimitExceeded:
        """The error that says that a limit is met: that of the budget with the least left."""
        budget, tightest, least = self, self, math.inf
        while True:
            maximum = getattr(budget.limits, name)
            if maximum is not None and maximum - budget._taken(name) < least:
                tightest, least = budget, maximum - budget._taken(name)
            if budget._parent is None:
                break
            budget = budget._parent
        return UsageLimitExceeded(name, getattr(tightest.limits, name) or 0)

    def settle(self, usage: Usage) -> None:
        """Adds what `usage` reports beyond what was already spent here, so nothing counts twice. Raises nothing."""
        with self._lock:
            missing = {f.name: getattr(usage, f.name) - getattr(self._usage, f.name) for f in fields(Usage)}
            self.add(**{name: amount for name, amount in missing.items() if amount > 0})

    def seconds_to_near(self) -> float | None:
        """After how many seconds one of the limits on time is near that this budget is the one to tell of."""
        with self._lock:
            maximum = self.limits.seconds
            untold = maximum is not None and "seconds" not in self._told
            own = max(0.0, NEAR * (maximum or 0.0) - self.usage.seconds) if untold else None
            inside = self._parent is not None and self._parent._near is None
            outer = self._parent.seconds_to_near() if self._parent is not None and inside else None
            return own if outer is None else outer if own is None else min(own, outer)

    def look_at_clock(self) -> None:
        """Tells of limits on time that are near."""
        self.add(seconds=0.0)

    def close(self) -> None:
        """Stops the clock, and that of the session around it; adds the seconds to a parent that has none."""
        with self._lock:
            seconds, self._started = self._elapsed(), None
            self._usage.seconds += seconds
            if self._parent is None:
                return
            if self._parent._started is None:
                self._parent.add(seconds=seconds)
            elif self._parent.scope == "session":
                self._parent.close()

    def _elapsed(self) -> float:
        return 0.0 if self._started is None else time.monotonic() - self._started

    def _add(self, amounts: Mapping[str, Any], near: Callable[[Near], None] | None) -> None:
        near = self._near or near  # who spends is told about limits that nobody else is told about
        for name, amount in amounts.items():
            setattr(self._usage, name, getattr(self._usage, name) + amount)
            self._tell(_limit_of(name), near)
        if self._parent is not None:
            self._parent._add(amounts, near)

    def _tell(self, name: str, near: Callable[[Near], None] | None) -> None:
        maximum, used = getattr(self.limits, name), self._spent(name)
        if near is not None and maximum and used >= NEAR * maximum and name not in self._told:
            self._told.add(name)
            near(Near(name, used, maximum, self.scope))

    def _spent(self, name: str) -> float:
        """What is spent of a limit."""
        return float(getattr(self._usage, name)) + (self._elapsed() if name == "seconds" else 0.0)

    def _taken(self, name: str) -> float:
        """What is spent of a limit, or held."""
        held = self._held["output_tokens"] if name == "tokens" else self._held[name]
        return self._spent(name) + held

    def _available(self, name: str, wanted: int) -> int:
        left = self.left(_limit_of(name))
        return wanted if left is None else min(wanted, int(left))

    def _keep(self, amounts: Mapping[str, int], sign: int) -> None:
        for name, amount in amounts.items():
            self._held[name] += sign * amount
        if self._parent is not None:
            self._parent._keep(amounts, sign)

    def _check_left(self, name: str, wanted: int) -> None:
        with self._lock:
            maximum = getattr(self.limits, name)
            taken = self._taken(name) if wanted else self._spent(name)
            if maximum is not None and taken + wanted > maximum:
                raise UsageLimitExceeded(name, maximum)
            if self._parent is not None:
                self._parent._check_left(name, wanted)


def _limit_of(name: str) -> str:
    """The limit that a field of `Usage` counts towards."""
    return "tokens" if name in ("prompt_tokens", "cached_tokens", "output_tokens") else name
