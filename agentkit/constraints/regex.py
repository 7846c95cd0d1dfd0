"""JSON Schema's `pattern` as automata.

What is accepted here is accepted by `re.search`, which is what jsonschema calls, and by the Rust dialect that pydantic
uses. The other way round, less is accepted in these places:

- `\\d` and `\\s` are those of ASCII. `\\w` is a letter or decimal digit of any script or "_"; of ASCII only where the
  automaton would be too large otherwise. Their opposites leave out whatever one dialect or another counts in.
- `.` is no line end of any kind, `$` is the very end, also where a flag says otherwise.
- Where case is ignored, that means the letters of ASCII.
- What must not be found (`without`, and `(?!...)`) is looked for where all dialects agree on it: where it asks for one
  of the above, texts without line ends, or of printable ASCII alone.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache, reduce
from importlib import import_module
from typing import Any

from agentkit.constraints import characters
from agentkit.constraints.characters import ANY, Ranges, complement, joined
from agentkit.constraints.dfa import ByteDFA, TooLarge, Unsupported
from agentkit.constraints.nfa import NFA

_PARSER: Any = import_module("re._parser")
_MAXREPEAT = _PARSER.MAXREPEAT
_MOST_UNROLLED = 8  # times that something with a look-ahead in it may be repeated
_PRINTABLE: Ranges = ((0x20, 0x7E),)


@lru_cache(maxsize=256)
def compile(pattern: str) -> ByteDFA:
    """The texts in which the pattern is found.

    Raises:
        Unsupported: it is no valid pattern of Python's, or it has what an automaton cannot hold: a look-behind, a
            look-ahead in what is repeated without an end, a reference to a group, `\\b`; or the automaton is too large
            (`TooLarge`).
    """
    items, flags = _parsed(pattern)
    try:
        return _Search(characters.words(), flags).texts(items)
    except TooLarge:
        if "\\w" not in pattern.lower():
            raise
        return _Search(characters.ASCII_WORDS, flags).texts(items)


@lru_cache(maxsize=256)
def without(pattern: str) -> ByteDFA:
    """Texts in which the pattern is surely not found. Raises as `compile` does."""
    items, flags = _parsed(pattern)
    search = _Search(characters.ASCII_WORDS, flags)
    return search.agreed(items).minus(search.texts(items))


def _parsed(pattern: str) -> tuple[list[Any], int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = _PARSER.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise Unsupported(f"the pattern {pattern!r} is not valid: {error}") from None
    if parsed.state.flags & (re.ASCII | re.LOCALE):
        raise Unsupported("the flag (?a) is not supported")
    return list(parsed), parsed.state.flags


class _Search:
    """Looks for a parsed pattern, with what is looked for ahead in it.

    A text has A(?=B)C where it has A before something that begins with both B and C. So a pattern is taken apart at its
    look-aheads, and put together from its end.
    """

    def __init__(self, words: Ranges, flags: int) -> None:
        self._words = words
        self._flags = flags

    def texts(self, items: Sequence[Any]) -> ByteDFA:
        """The texts in which the items are found."""
        found = self._found(items, self._flags, None, anywhere=True)
        for inner, flags in _ruled_out(items, self._flags):
            found = found.intersect(self.agreed(inner, flags))
        return found

    def agreed(self, items: Sequence[Any], flags: int | None = None) -> ByteDFA:
        """The texts in which all dialects find the items, or all don't."""
        agreed = _agreed(items, self._flags if flags is None else flags)
        nfa = NFA()
        start, end = nfa.state(), nfa.state()
        nfa.characters(start, start, agreed)
        nfa.free(start, end, "end")
        return nfa.determined(start, end)

    def _found(self, items: Sequence[Any], flags: int, behind: ByteDFA | None, *, anywhere: bool = False) -> ByteDFA:
        """The texts that begin with the items (or have them `anywhere`), and go on like `behind`; None: in any way."""
        for index, (operator, argument) in enumerate(items):
            if _looks_ahead([(operator, argument)]):
                rest = items[index + 1 :]
                if index == 0 and not anywhere:
                    return self._ahead(str(operator), argument, rest, flags, behind)
                behind = self._found([(operator, argument), *rest], flags, behind)
                return _Compiler(self._words).texts(items[:index], flags, behind, anywhere=anywhere)
        return _Compiler(self._words).texts(items, flags, behind, anywhere=anywhere)

    def _ahead(self, operator: str, argument: Any, rest: Sequence[Any], flags: int, behind: ByteDFA | None) -> ByteDFA:
        """The same, where the first item is a look-ahead, or has one in it."""
        if operator in ("ASSERT", "ASSERT_NOT"):
            if argument[0] != 1:
                raise Unsupported("a look-behind cannot be held in an automaton")
            if _begins(argument[1]) or _begins(rest):
                raise Unsupported("'^' behind a look-ahead cannot be held in an automaton")
            seen, found = self._found(argument[1], flags, None), self._found(rest, flags, behind)
            return found.intersect(seen) if operator == "ASSERT" else found.minus(seen)
        behind = self._found(rest, flags, behind)
        if operator == "BRANCH":
            branches = [self._found(branch, flags, behind) for branch in argument[1]]
            return reduce(ByteDFA.union, branches)
        if operator == "SUBPATTERN":
            _, added, removed, inner = argument
            return self._found(list(inner), (flags | added) & ~removed, behind)
        least, most, inner = argument
        if operator not in ("MAX_REPEAT", "MIN_REPEAT") or most == _MAXREPEAT or most > _MOST_UNROLLED:
            raise Unsupported("a look-ahead in what is repeated cannot be held in an automaton")
        found = behind
        for count in range(most, 0, -1):
            once = self._found(list(inner), flags, found)
            found = once if count <= least else once.union(behind)
        return found


def _looks_ahead(items: Sequence[Any]) -> bool:
    """Whether there is a look-ahead, or a look-behind, in the items."""
    return any(
        str(operator) in ("ASSERT", "ASSERT_NOT") or _looks_ahead(_inner(argument)) for operator, argument in items
    )


def _begins(items: Sequence[Any]) -> bool:
    """Whether there is a `^` in the items."""
    return any(
        (str(operator) == "AT" and "BEGINNING" in str(argument)) or _begins(_inner(argument))
        for operator, argument in items
    )


def _ruled_out(items: Sequence[Any], flags: int) -> Iterator[tuple[Sequence[Any], int]]:
    """What must not be ahead, anywhere in the items."""
    for operator, argument in items:
        if str(operator) == "ASSERT_NOT":
            yield list(argument[1]), flags
        yield from _ruled_out(_inner(argument), flags)


def _agreed(items: Sequence[Any], flags: int) -> Ranges:
    """The characters of texts in which all dialects find the same of the items."""
    found = ANY
    for operator, argument in items:
        name = str(operator)
        if name == "CATEGORY" or flags & re.IGNORECASE or (name == "SUBPATTERN" and argument[1] & re.IGNORECASE):
            return _PRINTABLE
        if name == "ANY" or (name == "AT" and "END" in str(argument)):
            found = complement(characters.LINE_ENDS)
        inner = argument if name == "IN" else _inner(argument)
        within = _agreed(inner, flags)
        found = within if within != ANY else found
        if found == _PRINTABLE:
            return found
    return found


def _inner(argument: Any) -> list[Any]:
    """The items within an item, in all of its branches."""
    if not isinstance(argument, tuple):
        return []
    if isinstance(argument[-1], list):  # the branches of a choice
        return [item for branch in argument[-1] for item in branch]
    return list(argument[-1]) if isinstance(argument[-1], _PARSER.SubPattern) else []


class _Compiler:
    """Turns a parsed pattern into an automaton, part by part (Thompson's construction).

    Args:
        words: what `\\w` is.
    """

    def __init__(self, words: Ranges) -> None:
        self._nfa = NFA()
        self._words = words

    def texts(self, items: Sequence[Any], flags: int, behind: ByteDFA | None, *, anywhere: bool) -> ByteDFA:
        """The texts that begin with the items, or have them anywhere, and go on like `behind` (None: in any way)."""
        nfa = self._nfa
        before, after = nfa.state(), nfa.state()
        if anywhere:
            nfa.characters(before, before, ANY)
        last = self._sequence(before, items, flags)
        if behind is None:
            nfa.characters(after, after, ANY)
            nfa.free(last, after)
        else:
            nfa.embed(last, after, behind)
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
    "GROUPREF": "a back-reference",
    "GROUPREF_EXISTS": "a back-reference",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive quantifier",
}
