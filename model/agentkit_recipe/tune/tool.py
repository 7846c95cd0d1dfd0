"""A tool that somebody wrote, and the requests that are made up for it.

A request is an example with other values in it, or an example's beginning with the rest said otherwise, or one made of
the tool's name, description and parameters alone. All go through the recipe's registers (polite, terse, spoken,
misspelt), and now and then a word is lost or another, unknown one stands in its place, so that no single word decides.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from agentkit.errors import UserError
from agentkit.messages import JSON, ToolDefinition
from agentkit.retrieval import stems

from .. import registers
from ..composed import Asked, joined, outcome
from ..parameters import plain
from ..values import pseudo_word, sample
from .drawing import draw
from .fields import Field, fields_of, get, put
from .templates import SLOT, Pieces, Template, pieces_of, template_of
from .wording import flag_forms, forms_of, openings, verbs_like

FROM_EXAMPLES = 0.75  # requests that begin as an example does, where there are examples
AS_WRITTEN = 0.5  # ... and those of them that go on as it does
OPTIONAL = 0.4  # of the values that may be left out, those that are given
BY_OBJECT = 0.15  # requests made of the description that leave out what to do
ASKED = 0.35  # ... and that ask, where the tool tells something
TRIES = 1000  # calls that are made up until the tool takes one
OTHER_WORD = 0.12  # requests with a word in another's place
LOST_WORD = 0.12  # ... and without one
QUESTIONS = frozenset("what how is are when who where which do does will did any can could would whose why may".split())
BEGINNINGS = frozenset("the a an my our we there please somebody someone".split())
WORD = re.compile(r"(?<![\w{])[A-Za-z']{2,}(?![\w}])")


@dataclass(frozen=True)
class Example:
    """What somebody might say, and the arguments of the call that it asks for."""

    prompt: str
    arguments: Mapping[str, JSON]


class OwnTool:
    """A tool by its definition, with the examples that may be learned from.

    check  raises for arguments that the tool refuses, whatever its schema says
    """

    def __init__(
        self,
        definition: ToolDefinition,
        examples: Sequence[Example] = (),
        returns: str = "status",
        check: Callable[[dict[str, JSON]], object] = lambda arguments: None,
    ) -> None:
        self.definition = definition
        self.returns = returns
        self.check = check
        fields = fields_of(definition)
        seen = [[value for e in examples for there, value in [get(e.arguments, f.path)] if there] for f in fields]
        self.fields = [field.with_seen(values) for field, values in zip(fields, seen, strict=True)]
        self.templates = [template_of(e.prompt, e.arguments, self.fields) for e in examples]
        if not definition.description.strip() and not self.templates:
            raise UserError(
                f"The tool {definition.name!r} has no description: write a docstring, or give phrasings (--examples)."
            )

    @cached_property
    def openings(self) -> tuple[list[str], list[str], list[str]]:
        return openings(self.definition.name, self.definition.description, self.fields)

    @cached_property
    def forms(self) -> list[list[str]]:
        """How each field's value is led in, by its number."""
        return [
            forms_of(field, number, [other for other in self.fields if other is not field])
            for number, field in enumerate(self.fields)
        ]

    @cached_property
    def pieces(self) -> list[Pieces]:
        return [pieces for template in self.templates if (pieces := pieces_of(template)) is not None]

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The stems of the words that a request for it may have."""
        told = [self.definition.name, self.definition.description, *(SLOT.sub(" ", t.wording) for t in self.templates)]
        return frozenset(stem for text in told for stem in stems(text) if len(stem) > 3)

    # -- requests ------------------------------------------------------------------------------------------------------

    def ask(self, rng: random.Random, split: str, tries: int = TRIES) -> Asked:
        """A request in a wording of `split`, with values of it, and what follows.

        Raises `UserError` where the tool refuses all calls that were made up for it.
        """
        for _ in range(tries):
            prompt, arguments = self.request(rng, split)
            try:
                self.check(arguments)
            except Exception as error:  # a validator of the developer's own may raise anything
                refused = error
            else:
                result, failed, answer = outcome(self.returns, rng, split)
                return Asked(prompt, arguments, result, failed, answer)
        raise UserError(
            f"The tool {self.definition.name!r} can't be tuned: it refuses the calls that are made up for it "
            f"({refused}). Give some with Annotated[..., Field(examples=[...])], or phrasings (--examples)."
        )

    def request(self, rng: random.Random, split: str) -> tuple[str, dict[str, JSON]]:
        """A request, and the arguments that it asks for."""
        template = self.template(rng, split)
        values: dict[int, Any] = {}
        for number in template.slots:
            values[number] = self.value(number, rng, split, values)
        prompt = template.said(values)
        values |= template.fixed
        arguments: dict[str, JSON] = dict(template.whole)
        for number, field in enumerate(self.fields):
            if number in values:
                put(arguments, field.path, plain(values[number]))
        return prompt, arguments

    def ask_without(self, rng: random.Random, split: str) -> tuple[str, str] | None:
        """A request that lacks a required value, and the key of that; None where no request can be made so."""
        orders, _, _ = self.openings
        opening = rng.choice([*orders, *(pieces.opening for pieces in self.pieces)])
        told = Template(opening).slots
        missing = [n for n, f in enumerate(self.fields) if self.may_be_missed(f) and n not in told]
        if not missing:
            return None
        left_out = rng.choice(missing)
        template = self.completed(lower(opening), {}, [*told, left_out], rng, register_of(opening))
        values = {number: draw(self.fields[number], rng, split) for number in template.slots}
        return template.said(values), str(self.fields[left_out].path[0])

    def may_be_missed(self, field: Field) -> bool:
        """Whether a field is one that a request has to have, and that nobody could guess."""
        return field.required and len(field.path) == 1 and field.type not in ("boolean", "null")

    def value(self, number: int, rng: random.Random, split: str, others: Mapping[int, Any]) -> Any:
        """A value that none of the others is, so that it is clear which is which."""
        field = self.fields[number]
        for _ in range(10):
            value = draw(field, rng, split)
            if all(plain(value) != plain(other) for other in others.values()):
                break
        return value

    def template(self, rng: random.Random, split: str) -> Template:
        """A wording, with all required values in it."""
        if self.templates and rng.random() < FROM_EXAMPLES:
            template = self.of_example(rng)
        else:
            template = self.of_description(rng)
        if template.whole:  # any of the words may be what it says
            return template
        if split == "train" and rng.random() < LOST_WORD:
            template = Template(without_a_word(template.wording, rng), template.fixed)
        if split == "train" and rng.random() < OTHER_WORD:
            template = Template(with_another_word(template.wording, rng, split), template.fixed)
        return template

    def of_example(self, rng: random.Random) -> Template:
        if self.pieces and rng.random() > AS_WRITTEN:
            pieces = rng.choice(self.pieces)
            told = Template(pieces.opening).slots
            return self.completed(lower(pieces.opening), {}, told, rng, register_of(pieces.opening))
        template = rng.choice(self.templates)
        wording = template.wording.rstrip(".?!")
        present = {*template.slots, *template.fixed}
        present |= {number for number, field in enumerate(self.fields) if field.path[0] in template.whole}
        missing = [n for n, f in enumerate(self.fields) if f.required and n not in present]
        if missing or rng.random() < 0.15:
            completed = self.completed(wording, template.fixed, sorted(present), rng, registers.statement)
            return replace(completed, whole=template.whole)
        if rng.random() < 0.3:
            return replace(template, wording=register_of(wording)(lower(wording), rng))
        return replace(template, wording=registers.finish(wording, rng, asks=template.wording.endswith("?")))

    def of_description(self, rng: random.Random) -> Template:
        orders, questions, objects = self.openings
        draw = rng.random()
        if questions and draw < ASKED:
            opening, register = rng.choice(questions), registers.question
        elif objects and draw > 1 - BY_OBJECT:
            opening, register = rng.choice(objects), registers.statement
        else:
            opening, register = rng.choice(orders), registers.imperative
        return self.completed(opening, {}, Template(opening).slots, rng, register)

    def completed(
        self,
        opening: str,
        fixed: Mapping[int, JSON],
        told: Sequence[int],
        rng: random.Random,
        register: registers.Register,
    ) -> Template:
        """The opening with the values that are not `told` yet behind it: the required ones, and some others."""
        left = [number for number in self.given(told, rng) if number not in told]
        rng.shuffle(left)
        left.sort(key=lambda n: self.open_ended(n))
        wording, values = opening, dict(fixed)
        asking = register is registers.question
        for number in left:
            words = self.led_in(number, rng, values)
            wording = joined(wording, words, rng, last=self.open_ended(number), asks=asking)
        return Template(register(wording, rng), values)

    def given(self, told: Iterable[int], rng: random.Random) -> list[int]:
        """The fields that a call has: those `told`, the required ones, and some others. An object is given or not, and
        if it is, with all that it requires."""
        chosen = {path: True for number in told for path in self.fields[number].optional}
        for field in self.fields:
            for path in field.optional:
                if path not in chosen:
                    chosen[path] = rng.random() < OPTIONAL
        return [n for n, field in enumerate(self.fields) if all(chosen[path] for path in field.optional)]

    def led_in(self, number: int, rng: random.Random, fixed: dict[int, JSON]) -> str:
        """The words that say a field's value; a yes or a no, which has no words of its own, is put into `fixed`."""
        field = self.fields[number]
        if field.type == "boolean":
            fixed[number] = rng.random() < 0.65
            return rng.choice(flag_forms(field, bool(fixed[number])))
        shown = [pieces.forms[number] for pieces in self.pieces if number in pieces.forms]
        return rng.choice(shown) if shown and rng.random() < 0.6 else rng.choice(self.forms[number])

    def open_ended(self, number: int) -> bool:
        """Whether the field's values may be whole sentences, so that they stand at the end."""
        field = self.fields[number]
        words = set(field.words.split())
        return field.type == "string" and bool(
            words & {"text", "message", "note", "body", "content", "comment", "reason"}
        )


def register_of(wording: str) -> registers.Register:
    """What may be made of a wording: one that begins with a verb may have "please" or "can you" before it."""
    first = wording.lower().split(" ", 1)[0]
    if first in QUESTIONS:
        return registers.question
    return registers.imperative if len(verbs_like(first)) > 1 else registers.statement


def lower(wording: str) -> str:
    """Without its capital, unless the first word is a name."""
    first = wording.split(" ", 1)[0].lower()
    known = first in QUESTIONS or first in BEGINNINGS or len(verbs_like(first)) > 1
    return wording[0].lower() + wording[1:] if known else wording


def without_a_word(wording: str, rng: random.Random) -> str:
    words = list(WORD.finditer(wording))
    if len(words) < 3:
        return wording
    word = rng.choice(words)
    return re.sub(r"  +", " ", wording[: word.start()] + wording[word.end() :]).strip()


def with_another_word(wording: str, rng: random.Random, split: str) -> str:
    words = list(WORD.finditer(wording))
    if len(words) < 3:
        return wording
    word = rng.choice(words)
    other = pseudo_word(rng, split) if rng.random() < 0.3 else str(sample("word", rng, split)).lower()
    return wording[: word.start()] + other + wording[word.end() :]
