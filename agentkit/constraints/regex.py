"""JSON Schema's `pattern` as automata.

What is accepted here is accepted by `re.search`, which is what jsonschema calls, and by the Rust dialect that pydantic
uses. The other way round, less is accepted in these places:

- `\\d` and `\\s` are those of ASCII. `\\w` is a letter or decimal digit of any script or "_"; of ASCII only where the
  automaton would be too large otherwise. Their opposites leave out whatever one dialect or another counts in.
- `.` is no line end of any kind, `$` is the very end, also where a flag says otherwise.
- Where case is ignored, that means the letters of ASCII.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from agentkit.constraints import characters
from agentkit.constraints.characters import ANY, Ranges, complement, joined
from agentkit.constraints.dfa import ByteDFA, TooLarge, Unsupported
from agentkit.constraints.nfa import NFA

_PARSER: Any = import_module("re._parser")
_MAXREPEAT = _PARSER.MAXREPEAT


@lru_cache(maxsize=256)
def compile(pattern: str) -> ByteDFA:
    """The texts in which the pattern is found.

    Raises:
        Unsupported: it is no valid pattern of Python's, or it has what an automaton cannot hold: a look-around (but for
            `^(?=...)` at its beginning), a reference to a group, `\\b`; or the automaton is too large (`TooLarge`).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = _PARSER.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise Unsupported(f"the pattern {pattern!r} is not valid: {error}") from None
    items, flags = list(parsed), parsed.state.flags
    if flags & (re.ASCII | re.LOCALE):
        raise Unsupported("the flag (?a) is not supported")
    ahead = _looked_ahead(items)
    try:
        return _found(items, ahead, flags, characters.words())
    except TooLarge:
        if "\\w" not in pattern.lower():
            raise
        return _found(items, ahead, flags, characters.ASCII_WORDS)


def _found(items: Sequence[Any], ahead: Sequence[Any], flags: int, words: Ranges) -> ByteDFA:
    found = _Compiler(words).search(items, flags)
    for inner in ahead:
        found = found.intersect(_Compiler(words).search(inner, flags))
    return found


def _looked_ahead(items: list[Any]) -> list[list[Any]]:
    """Takes what is looked for ahead from the beginning of a pattern; each becomes a pattern of its own."""
    found = []
    if items and _name(items[0]) == "AT" and str(items[0][1]) in ("AT_BEGINNING", "AT_BEGINNING_STRING"):
        while len(items) > 1 and _name(items[1]) == "ASSERT" and items[1][1][0] == 1:
            found.append([items[0], *items.pop(1)[1][1]])
    return found


def _name(item: Any) -> str:
    return str(item[0])


class _Compiler:
    """Turns a parsed pattern into an automaton, part by part (Thompson's construction).

    Args:
        words: what `\\w` is.
    """

    def __init__(self, words: Ranges) -> None:
        self._nfa = NFA()
        self._words = words

    def search(self, items: Sequence[Any], flags: int) -> ByteDFA:
        nfa = self._nfa
        before, after = nfa.state(), nfa.state()
        nfa.characters(before, before, ANY)
        nfa.characters(after, after, ANY)
        nfa.free(self._sequence(before, items, flags), after)
        return nfa.determined(before, after)

    def _sequence(self, start: int, items: Sequence[Any], flags: int) -> int:
        """Builds the items one after the other; the state in which they end."""
        for operator, argument in items:
            start = self._item(start, str(operator), argument, flags)
        return start

    def _item(self, start: int, operator: str, argument: Any, flags: int) -> int:
        end = self._nfa.state()
        match operator:
            case "LITERAL" | "NOT_LITERAL" | "IN" | "ANY":
                self._nfa.characters(start, end, self._set(operator, argument, flags))
            case "BRANCH":
                for branch in argument[1]:
                    self._nfa.free(self._sequence(start, branch, flags), end)
            case "SUBPATTERN":
                _, added, removed, items = argument
                return self._sequence(start, items, (flags | added) & ~removed)
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, items = argument
                return self._repeat(start, least, most, items, flags)
            case "AT":
                self._at(start, end, str(argument), flags)
            case "FAILURE":
                pass
            case _:
                raise Unsupported(f"{_UNHELD.get(operator, operator)} cannot be held in an automaton")
        return end

    def _repeat(self, start: int, least: int, most: Any, items: Sequence[Any], flags: int) -> int:
        for _ in range(least):
            start = self._sequence(start, items, flags)
        end = self._nfa.state()
        if most == _MAXREPEAT:
            again = self._nfa.state()
            self._nfa.free(start, again)
            self._nfa.free(self._sequence(again, items, flags), again)
            self._nfa.free(again, end)
            return end
        for _ in range(most - least):
            self._nfa.free(start, end)
            start = self._sequence(start, items, flags)
        self._nfa.free(start, end)
        return end

    def _at(self, start: int, end: int, place: str, flags: int) -> None:
        match place:
            case "AT_BEGINNING" | "AT_BEGINNING_STRING":
                self._nfa.free(start, end, "begin")
            case "AT_END" | "AT_END_STRING":
                self._nfa.free(start, end, "end")
            case _:
                raise Unsupported("\\b and \\B cannot be held in an automaton")

    def _set(self, operator: str, argument: Any, flags: int) -> Ranges:
        """The characters that one item takes, none too many."""
        if operator == "ANY":
            return ANY if flags & re.DOTALL else complement(characters.LINE_ENDS)
        members = argument if operator == "IN" else [("LITERAL", argument)]
        opposite = operator == "NOT_LITERAL" or str(members[0][0]) == "NEGATE"
        ranges = joined(span for member in members for span in self._member(member, opposite))
        if flags & re.IGNORECASE:
            ranges = characters.any_case(ranges) if opposite else characters.both_cases(ranges)
        return complement(ranges) if opposite else ranges

    def _member(self, member: Any, wide: bool) -> Ranges:
        """The characters of one member of a set.

        Args:
            wide: those that any dialect takes, rather than those that all take.
        """
        match str(member[0]):
            case "LITERAL":
                return ((member[1], member[1]),)
            case "RANGE":
                return (member[1],)
            case "CATEGORY":
                return self._category(str(member[1]), wide)
            case _:
                return ()  # NEGATE

    def _category(self, name: str, wide: bool) -> Ranges:
        match name:
            case "CATEGORY_DIGIT":
                return characters.any_digits() if wide else characters.DIGITS
            case "CATEGORY_SPACE":
                return characters.any_spaces() if wide else characters.SPACES
            case "CATEGORY_WORD":
                return characters.any_words() if wide else self._words
            case _:
                return complement(self._category(name.replace("NOT_", ""), not wide))


_UNHELD = {
    "ASSERT": "a look-around",
    "ASSERT_NOT": "a look-around",
    "GROUPREF": "a back-reference",
    "GROUPREF_EXISTS": "a back-reference",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive quantifier",
}
