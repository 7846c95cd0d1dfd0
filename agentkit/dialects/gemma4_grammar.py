"""A tool's schema as the automaton of its calls: `<|tool_call>call:NAME{city:<|"|>Paris<|"|>}<tool_call|>`.

What stands together is encoded together, as a model has seen it: the text from one marker, number or word to the next
is one literal, `},unit:` as well as `{o:{x:`. For that, a value is a fragment: how it can begin and how it can end,
each as a state and the text that is still to be joined with what stands before or behind. Numbers and words are always
tokens of their own; tokenizers of this family never join them with punctuation.

Members are written in the dialect's order. Arrays and maps are counted one by one up to a limit and loop beyond it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from weakref import WeakKeyDictionary

from agentkit.constraints import regex
from agentkit.constraints.automaton import Automaton, Builder, Slot
from agentkit.constraints.coverage import possible
from agentkit.constraints.dfa import ByteDFA, TooLarge, literals
from agentkit.constraints.latest import Latest
from agentkit.constraints.nodes import Array, Choice, Map, Node, Number, Object, Property, Text, flat_nodes
from agentkit.constraints.normalize import normalized
from agentkit.constraints.restrict import restrict
from agentkit.constraints.scalars import number_bytes, text_bytes
from agentkit.constraints.vocabulary import Vocabulary
from agentkit.dialects.gemma4_render import CALL, CALL_END
from agentkit.dialects.gemma4_values import PLAIN_KEY, QUOTE, value_pieces
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.messages import JSON

_MOST_EXITS = 6  # ways out of a value that are kept apart, so that what follows is joined with each
_MOST_COMPILED = 256  # automata kept for each vocabulary, the latest

_compiled: WeakKeyDictionary[Vocabulary, Latest[Automaton]] = WeakKeyDictionary()


def call_automaton(
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    name: str,
    schema: Mapping[str, JSON],
    *,
    fixed: Mapping[str, JSON] | None = None,
    banned: Mapping[str, Sequence[JSON]] | None = None,
    only: frozenset[str] | None = None,
    begun: Mapping[str, JSON] | None = None,
) -> Automaton:
    """Every call of a tool that its schema allows, from before `<|tool_call>` to behind `<tool_call|>`.

    Args:
        tokenizer: writes the literals.
        vocabulary: the same tokenizer's.
        name: the tool's.
        schema: the JSON Schema of its arguments.
        fixed: values that are written as they are, by JSON pointer, and with them what they stand in.
        banned: values that must not be written, by JSON pointer.
        only: the arguments that are written, and no others; None leaves optional ones open.
        begun: what stands already in the objects and arrays that are not closed yet, by JSON pointer. The call may
            begin with it, and goes on with what differs from it where keys or items have to.

    Raises:
        Refused: there is no such call.
    """
    key = json.dumps([name, schema, fixed, banned, None if only is None else sorted(only), begun])

    def make() -> Automaton:
        node = restrict(normalized(schema).node, fixed=fixed or {}, banned=banned or {}, only=only, begun=begun)
        return _Grammar(tokenizer, vocabulary).call(name, node)

    return _compiled.setdefault(vocabulary, Latest(_MOST_COMPILED)).get(key, make)


@dataclass(frozen=True, slots=True)
class _Fragment:
    """Something that has been built.

    entries  by which text it begins, and the state behind that
    exits    in which states it ends, and the text that is still to follow
    """

    entries: list[tuple[str, int]] = field(default_factory=list)
    exits: list[tuple[int, str]] = field(default_factory=list)

    def behind(self, text: str) -> _Fragment:
        """The same with a text before it."""
        return _Fragment([(text + before, state) for before, state in self.entries], self.exits)


class _Grammar:
    """Builds one call."""

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self._builder = Builder(tokenizer)
        self._keys: list[str] = []  # of the members that are being built, outermost first

    def call(self, name: str, node: Node) -> Automaton:
        builder = self._builder
        body = self._value(possible(node))
        opened, final = builder.state(), builder.state()
        builder.marker(builder.start, opened, CALL.name)
        for text, state in body.entries:
            builder.literal(opened, state, f"call:{name}{text}")
        for state, text in body.exits:
            end = state
            if text:
                end = builder.state()
                builder.literal(state, end, text)
            builder.marker(end, final, CALL_END.name)
        return builder.finish(final)

    # -- values

    def _value(self, node: Node) -> _Fragment:
        """A value. Its strings, numbers and words all end in the same state."""
        found = _Fragment()
        end: int | None = None
        for flat in flat_nodes(node):
            if isinstance(flat, Array | Object | Map):
                part = self._container(flat)
            else:
                end = self._builder.state() if end is None else end
                part = self._scalar(flat, end)
            found.entries.extend(part.entries)
            found.exits.extend(exit for exit in part.exits if exit not in found.exits)
        return self._narrowed(found)

    def _scalar(self, node: Choice | Text | Number, end: int) -> _Fragment:
        if isinstance(node, Choice):
            return self._choice(node, end)
        if isinstance(node, Text):
            return self._text(text_bytes(node)[0], end, slot=node)
        return self._number(node, end)

    def _container(self, node: Array | Object | Map) -> _Fragment:
        if isinstance(node, Array):
            return self._array(node)
        return self._object(node) if isinstance(node, Object) else self._map(node)

    def _text(self, content: ByteDFA, end: int, *, slot: Text | None = None) -> _Fragment:
        """A string between its markers."""
        builder = self._builder
        before, begin = builder.state(), builder.state()
        builder.marker(before, begin, QUOTE.name)
        edges = builder.splice(begin, end, self._vocabulary.fold(content), self._tokenizer.control[QUOTE.name])
        if slot is not None:
            plain = slot in (Text(declared=slot.declared), Text(min_length=1, declared=slot.declared))  # none is empty
            builder.slot(
                Slot(begin, end, "string", edges, slot.declared, None if plain else content, keys=tuple(self._keys))
            )
        return _Fragment([("", before)], [(end, "")])

    def _number(self, node: Number, end: int) -> _Fragment:
        builder = self._builder
        content, _ = number_bytes(node)
        begin = builder.state()
        edges = builder.splice(begin, end, self._vocabulary.fold(content))
        builder.slot(Slot(begin, end, "number", edges, node.declared, content, keys=tuple(self._keys)))
        return _Fragment([("", begin)], [(end, "")])

    def _choice(self, node: Choice, end: int) -> _Fragment:
        """One of some values. Strings share their opening marker, and words their beginning."""
        builder = self._builder
        found = _Fragment(exits=[(end, "")])
        strings = [value for value in node.values if isinstance(value, str)]
        if strings:
            before, begin = builder.state(), builder.state()
            builder.marker(before, begin, QUOTE.name)
            if "" in strings:
                builder.marker(begin, end, QUOTE.name)
            if any(strings):
                behind = builder.state()
                builder.marker(behind, end, QUOTE.name)
                options = tuple((value, builder.literal(begin, behind, value)) for value in strings if value)
                if len(options) > 1:
                    builder.slot(Slot(begin, end, "choice", options=options, keys=tuple(self._keys)))
            found.entries.append(("", before))
        words = [value for value in node.values if not isinstance(value, str | list | dict)]
        if words:
            before = builder.state()
            texts = ["".join(map(str, value_pieces(word))) for word in words]
            written = {text: builder.literal(before, end, text) for text in texts}
            if {"true", "false"} <= written.keys():
                options = tuple((text, written[text]) for text in ("true", "false"))
                builder.slot(Slot(before, end, "flag", options=options, keys=tuple(self._keys)))
            found.entries.append(("", before))
        for value in node.values:
            if isinstance(value, list | dict):
                self._write(found, value, end)
        return found

    def _write(self, found: _Fragment, value: JSON, end: int) -> None:
        """Adds an object or an array that is known."""
        builder = self._builder
        text, last = "", None
        for piece in value_pieces(value):
            if isinstance(piece, str):
                text += piece
                continue
            before = self._behind(found, last, text)
            text, last = "", builder.state()
            builder.marker(before, last, piece.name)
        if last is None:
            found.entries.append((text, end))
        else:
            builder.literal(last, end, text)

    def _behind(self, found: _Fragment, state: int | None, text: str) -> int:
        """The state behind a text that is written in a state, or that a value begins with."""
        if state is not None and not text:
            return state
        behind = self._builder.state()
        if state is None:
            found.entries.append((text, behind))
        else:
            self._builder.literal(state, behind, text)
        return behind

    # -- what holds values

    def _array(self, node: Array) -> _Fragment:
        count = node.max_items
        if node.items is None:
            count = len(node.prefix) if count is None else min(count, len(node.prefix))
        loops = count is None
        count = max(node.min_items, len(node.prefix) + 1) if count is None else count
        rest = [] if node.items is None else [node.items] * (count - len(node.prefix))
        items = [self._value(item) for item in (*node.prefix[:count], *rest)]
        self._builder.distinct |= node.unique
        return self._sequence(items, node.min_items, "[]", loops=loops)

    def _map(self, node: Map) -> _Fragment:
        self._builder.distinct = True
        begun = node.begun[: node.max_properties]
        loops = node.max_properties is None
        count = max(node.min_properties, len(begun) + 1) if node.max_properties is None else node.max_properties
        members = [self._member(self._free_key(node.names), self._value(member.node)) for member in begun]
        taken = literals(member.key for member in begun) if begun else None
        for _ in range(count - len(begun)):
            members.append(self._member(self._free_key(node.names, taken), self._value(node.values)))
        return self._sequence(members, max(node.min_properties, len(begun)), "{}", loops=loops)

    def _sequence(self, parts: list[_Fragment], fewest: int, brackets: str, *, loops: bool) -> _Fragment:
        """The parts one after the other, at least `fewest`; if it `loops`, the last again and again."""
        found = _Fragment(parts[0].behind(brackets[0]).entries if parts else [])
        for before, part in itertools.pairwise(parts):
            self._connect(before.exits, ",", part)
        if loops:
            self._connect(parts[-1].exits, ",", parts[-1])
        for part in parts[max(fewest - 1, 0) :]:
            found.exits.extend((state, text + brackets[1]) for state, text in part.exits)
        return self._or_empty(found, brackets) if fewest == 0 else self._narrowed(found)

    def _object(self, node: Object) -> _Fragment:
        """Its members in their order, counted as far as that matters. Any optional ones may be left out."""
        most, found = node.max_properties, _Fragment()
        counted = max(node.min_properties, 1) if most is None else most
        ends: dict[
            int, list[tuple[int, str]]
        ] = {}  # by how many members there are: where those end that one can follow
        first = True  # whether there may be none so far
        for index, member in enumerate(node.properties):
            rest = node.properties[index + 1 :]
            needed = sum(other.required for other in rest)
            following = {} if member.required else dict(ends)
            for count in range(1, counted + 1):
                before = [*ends.get(count - 1, ()), *(ends.get(count, ()) if most is None and count == counted else ())]
                begins = first and count == 1
                if not (before or begins) or count + len(rest) < node.min_properties:
                    continue
                if most is not None and count + needed > most:
                    continue
                part = self._named(member)
                if begins:
                    found.entries.extend(part.behind("{").entries)
                self._connect(before, ",", part)
                following[count] = [*following.get(count, ()), *part.exits]
            ends = following
            first = first and not member.required
        for count, exits in ends.items():
            found.exits.extend((state, text + "}") for state, text in exits if count >= node.min_properties)
        return self._or_empty(found, "{}") if first and not node.min_properties else self._narrowed(found)

    def _named(self, member: Property) -> _Fragment:
        self._keys.append(member.key)
        part = self._member(self._key(member.key), self._value(member.node))
        self._keys.pop()
        return part

    def _member(self, key: _Fragment | str, value: _Fragment) -> _Fragment:
        if isinstance(key, str):
            return value.behind(f"{key}:")
        self._connect(key.exits, ":", value)
        return _Fragment(key.entries, value.exits)

    def _key(self, key: str) -> _Fragment | str:
        """A key that is known: the key itself where it stands bare."""
        if PLAIN_KEY.fullmatch(key):
            return key
        end = self._builder.state()
        return self._choice(Choice((key,)), end)

    def _free_key(self, names: Text, taken: ByteDFA | None = None) -> _Fragment:
        """Any key that is not taken: bare where it can stand bare, else between markers."""
        builder = self._builder
        content, _ = text_bytes(names)
        end = builder.state()
        found = _Fragment(exits=[(end, "")])
        bare, quoted = (keys if taken is None else keys.minus(taken) for keys in _keys(content))
        if not bare.is_empty:
            begin = builder.state()
            builder.splice(begin, end, self._vocabulary.fold(bare))
            found.entries.append(("", begin))
        if not quoted.is_empty:
            found.entries.extend(self._text(quoted, end).entries)
        return found

    # -- how fragments meet

    def _connect(self, exits: Sequence[tuple[int, str]], text: str, part: _Fragment) -> None:
        for state, left in exits:
            for before, target in part.entries:
                self._builder.literal(state, target, left + text + before)

    def _or_empty(self, part: _Fragment, brackets: str) -> _Fragment:
        """The part, or nothing between its brackets."""
        state = self._builder.state()
        part.entries.append((brackets, state))
        part.exits.append((state, ""))
        return self._narrowed(part)

    def _narrowed(self, part: _Fragment) -> _Fragment:
        """The part with few exits: where there are too many, what is left to write is written by itself."""
        if len(part.exits) <= _MOST_EXITS:
            return part
        open_ = [(state, text) for state, text in part.exits if text]
        done = [(state, text) for state, text in part.exits if not text]
        end = self._builder.state()
        for state, text in open_:
            self._builder.literal(state, end, text)
        return _Fragment(part.entries, [*done, (end, "")])


@lru_cache(maxsize=64)
def _keys(names: ByteDFA) -> tuple[ByteDFA, ByteDFA]:
    """The keys that can stand bare, and those that are quoted: all of them where telling them apart is too much."""
    plain = regex.compile(f"^(?:{PLAIN_KEY.pattern})$")
    try:
        return names.intersect(plain), names.minus(plain)
    except TooLarge:
        return literals([]), names
