"""The conversations that an assistant keeps."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from agentkit.messages import Message


@dataclass(slots=True)
class Conversation:
    """What was said up to the last run that is over.

    runs   how many are in it
    """

    messages: tuple[Message, ...] = ()
    runs: int = 0


class Conversations(MutableMapping[str, Sequence[Message]]):
    """Messages by the name of their conversation, the one that was asked longest ago first; for any thread.

    A conversation that is replaced or deleted while a run is in it keeps nothing of that run. Of more than `most`
    conversations, the ones that were asked longest ago are forgotten, but none in which a run is under way.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Conversation] = OrderedDict()

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

    @contextmanager
    def run_in(self, name: str) -> Iterator[Conversation]:
        """For the assistant: the conversation of a run. What is to be kept of it goes into `messages`."""
        with self._lock:
            conversation = self._kept.setdefault(name, Conversation())
            self._kept.move_to_end(name)
            conversation.runs += 1
        try:
            yield conversation
        finally:
            with self._lock:
                conversation.runs -= 1
                self._forget_old()

    def _forget_old(self) -> None:
        too_many = 0 if self._most is None else len(self._kept) - self._most
        idle = [name for name, conversation in self._kept.items() if not conversation.runs]
        for name in idle[: max(too_many, 0)]:
            del self._kept[name]
