"""Cases: what is asked, and what is expected."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from agentkit.errors import UserError
from agentkit.messages import JSON, Message


@dataclass(frozen=True)
class ExpectedCall:
    """A call that should be made; without `arguments` any will do."""

    name: str
    arguments: dict[str, JSON] | None = None

    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Case:
    """One request and what is expected of its run. What isn't said isn't judged.

    calls     the calls that should be made, in any order, and no others; empty: none
    answer    what the output should be: for text, up to white space
    contains  texts that the output should contain, in whatever case
    checker   `module:function`, called with the output and the case: False or an AssertionError is a wrong answer
    results   what tools give, by name, instead of being run
    history   the conversation before the prompt
    """

    prompt: str
    id: str = ""
    calls: tuple[ExpectedCall, ...] | None = None
    answer: JSON = None
    contains: tuple[str, ...] = ()
    checker: str | None = None
    results: dict[str, JSON] = field(default_factory=dict)
    history: tuple[Message, ...] = ()

    __pydantic_config__ = ConfigDict(extra="forbid")

    @property
    def judges_answer(self) -> bool:
        """Whether anything is expected of the output."""
        return self.answer is not None or bool(self.contains) or self.checker is not None


def read_cases(path: str | Path) -> list[Case]:
    """The cases of a file of JSON lines, each an object with the fields of `Case`; blank lines are left out.

    A case without an id is known by its line. Raises `UserError` with the line for what is no case.
    """
    cases = list(_read(Path(path)))
    if not cases:
        raise UserError(f"{path} holds no cases.")
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise UserError(f"{path}: two cases have the id {case.id!r}.")
        seen.add(case.id)
    return cases


def _read(path: Path) -> Iterator[Case]:
    try:
        lines = path.read_bytes().removeprefix(BOM_UTF8).splitlines()
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}.") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                case = _ADAPTER.validate_json(line)
            except ValidationError as error:
                raise UserError(f"{path}, line {number}: {_in_words(error)}.") from None
            yield case if case.id else replace(case, id=f"line {number}")


def _in_words(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where: tuple[Any, ...] = first["loc"]
    return f"{'/'.join(map(str, where)) or 'the line'}: {first['msg']}"


_ADAPTER = TypeAdapter(Case)
