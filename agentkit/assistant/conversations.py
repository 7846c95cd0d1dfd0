"""The conversations that an assistant keeps."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass

from agentkit.messages import Message


@dataclass(slots=True)
class Conversation:
    """What was said up to the last run that is over."""

    messages: tuple[Message, ...] = ()


class Conversations(MutableMapping[str, Sequence[Message]]):
    """Messages by the name of their conversation, the one that was asked longest ago first; for any thread.

    A conversation that is replaced or deleted while a run is in it keeps nothing of that run. Of more than `most`
    conversations, the ones that were asked longest ago are forgotten, but none in which a question waits or a run is
    under way.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Conversation] = OrderedDict()
        self._open: Counter[str] = Counter()  # how many questions are asked and not over

    def __getitem__(self, name: str) -> tuple[Message, ...]:
        with self._lock:
            return self._kept[name].messages

    def __setitem__(self, name: str, messages: Sequence[Message]) -> None:
        with self._lock:
            self._kept[name] = Conversation(tuple(messages))
            self._forget_old()

    def __delitem__(self, name: str) -> None:
        with self._lock:
            del self._kept[name]

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(tuple(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def asked(self, name: str) -> None:
        """For the assistant: a question is asked in it, and open until `over`; where it is kept, it is the latest."""
        with self._lock:
            self._open[name] += 1
            if name in self._kept:
                self._kept.move_to_end(name)

    def of(self, name: str) -> Conversation:
        """For the assistant: the conversation of a run that begins. What is to be kept of it goes into `messages`."""
        with self._lock:
            return self._kept.setdefault(name, Conversation())

    def over(self, name: str) -> None:
        """For the assistant: a question that was asked in it is over."""
        with self._lock:
            self._open[name] -= 1
            if not self._open[name]:
                del self._open[name]
            self._forget_old()

    def _forget_old(self) -> None:
        too_many = 0 if self._most is None else len(self._kept) - self._most
        idle = [name for name in self._kept if name not in self._open]
        for name in idle[: max(too_many, 0)]:
            del self._kept[name]
