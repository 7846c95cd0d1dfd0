"""Tools as automata: every path is a valid call, and every call of the dialect is a path."""

import json
import random
import re
from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field
from tokenizers import Regex, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Backend

from agentkit import Tool
from agentkit.constraints.automaton import Slot
from agentkit.constraints.coverage import unheld
from agentkit.constraints.distinct import begun, repeated
from agentkit.constraints.nodes import Refused, identity
from agentkit.constraints.normalize import normalize
from agentkit.constraints.vocabulary import Vocabulary
from agentkit.dialects import GEMMA_MARKERS, Gemma4, Tokenizer
from agentkit.dialects.gemma4_grammar import call_automaton
from tests.agentkit.constraints.paths import Walker
from tests.agentkit.constraints.schemas import Case, differing, plain_values, soups, tools

Schema = dict[str, Any]
Compile = Callable[..., Walker]

STRING, INTEGER, BOOLEAN = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}


def an_object(properties: Schema, *required: str, **keywords: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), **keywords}


@pytest.fixture(scope="session")
def compiled(tokenizer: Tokenizer) -> Compile:
    """Compiles a schema for a tool called `f`."""
    vocabulary = Vocabulary(tokenizer)

    def compiled(schema: Schema, **restrictions: Any) -> Walker:
        return Walker(call_automaton(tokenizer, vocabulary, "f", schema, **restrictions))

    return compiled


def arguments(gemma: Gemma4, tokens: list[int]) -> dict[str, Any]:
    """The arguments of a call, which has no faults."""
    parsed = gemma.parse(tokens)
    assert parsed.faults == (), gemma.tokenizer.decode(tokens, markers=True)
    (call,) = parsed.calls
    assert call.name == "f" and call.span == (0, len(tokens)) and call.arguments is not None
    return call.arguments


def errors(schema: Schema, value: Any) -> list[str]:
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [error.message for error in validator.iter_errors(value)]


def written(gemma: Gemma4, walker: Walker, count: int = 20, seed: int = 0) -> list[dict[str, Any]]:
    """The arguments of random paths, without those that have a key of a map twice, which no automaton holds."""
    chance = random.Random(seed)
    paths = [walker.path(chance) for _ in range(count)]
    return [arguments(gemma, tokens) for tokens in paths if not twice(gemma, tokens)]


def twice(gemma: Gemma4, tokens: list[int]) -> bool:
    return any(fault.kind == "duplicate" for fault in gemma.parse(tokens).faults)


# -- for all schemas


@settings(deadline=None, max_examples=25)
@given(case=tools, seed=st.integers(0, 1000))
def test_every_path_is_a_valid_call(gemma: Gemma4, compiled: Compile, case: Case, seed: int) -> None:
    walker = compiled(case.schema)
    assert unheld(normalize(case.schema)) == ()
    for value in written(gemma, walker, 5, seed):
        assert errors(case.schema, value) == [], value


@settings(deadline=None, max_examples=25)
@given(case=tools, data=st.data())
def test_every_valid_call_is_a_path(gemma: Gemma4, compiled: Compile, case: Case, data: st.DataObject) -> None:
    value = data.draw(case.values)
    assert errors(case.schema, value) == []
    assert compiled(case.schema).spells(gemma.tokenizer, gemma.render_call("f", value))


@settings(deadline=None, max_examples=15)
@given(case=tools)
def test_every_state_is_of_use(compiled: Compile, case: Case) -> None:
    assert compiled(case.schema).dead_ends() == set()


@settings(deadline=None, max_examples=60)
@given(schema=soups, seed=st.integers(0, 1000), values=st.lists(plain_values, max_size=10))
def test_whatever_a_schema_says(gemma: Gemma4, compiled: Compile, schema: Schema, seed: int, values: list[Any]) -> None:
    """It is refused only if nothing is valid; else every path is, but for the keywords that are unheld."""
    try:
        walker = compiled(schema)
    except Refused:
        assert all(errors(schema, {"x": value}) for value in values)
        return
    assert walker.dead_ends() == set()
    for value in written(gemma, walker, 5, seed):
        assert errors(schema, value) == [] or unheld(normalize(schema))


# -- tokens


def test_calls_are_written_in_the_tokenizers_own_tokens(canonical: Gemma4) -> None:
    vocabulary = Vocabulary(canonical.tokenizer)

    @settings(deadline=None, max_examples=40)
    @given(case=tools, data=st.data())
    def check(case: Case, data: st.DataObject) -> None:
        value = data.draw(case.values)
        walker = Walker(call_automaton(canonical.tokenizer, vocabulary, "f", case.schema))
        assert walker.accepts(canonical.render_call("f", value))

    check()


@pytest.fixture
def canonical(tokenizer: Tokenizer) -> Gemma4:
    """A dialect whose tokenizer keeps letters and digits apart from punctuation, as those of real models do."""
    for token in range(tokenizer.vocab_size):
        text = tokenizer.token_text(token)
        if not tokenizer.is_control(token) and re.search(r"\w[^\w\s]|[^\w\s]\w", text):
            pytest.skip("joins letters with punctuation")
    return Gemma4(tokenizer)


def test_brackets_are_joined_with_what_stands_beside_them() -> None:
    """With a tokenizer that has `:{`, `}}`, `},{` and the like, as Gemma's has."""
    gemma = Gemma4(Tokenizer(punctuation_definition()))
    schema = an_object({"a": an_object({"b": {"type": "array", "items": an_object({"c": INTEGER}, "c")}}, "b")}, "a")
    tokens = gemma.render_call("f", {"a": {"b": [{"c": 1}, {"c": 2}]}})
    assert {":[{", "},{", "}]}}"} <= {gemma.tokenizer.token_text(token) for token in tokens}
    assert Walker(call_automaton(gemma.tokenizer, Vocabulary(gemma.tokenizer), "f", schema)).accepts(tokens)


def punctuation_definition() -> str:
    backend = Backend(models.BPE())
    split = pre_tokenizers.Split(Regex(r"[^\w\s]+|\w|\s"), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(GEMMA_MARKERS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(["a:[{b:1},{c:2}]}}"] * 9, trainer)
    return str(backend.to_str())


# -- single schemas


@pytest.mark.parametrize(
    ("schema", "yes", "no"),
    [
        (an_object({}), [{}], [{"a": 1}]),
        (an_object({"a": INTEGER, "b": INTEGER, "c": INTEGER}, "b"),
         [{"b": 1}, {"a": -1, "b": 20}, {"b": 1, "c": 2}, {"a": 1, "b": 2, "c": 3}], [{}, {"a": 1}, {"a": 1, "c": 2}]),
        (an_object({"a": INTEGER, "b": INTEGER}, minProperties=1), [{"a": 1}, {"b": 1}, {"a": 1, "b": 2}], [{}]),
        (an_object({"a": {"type": "array", "items": INTEGER}}, "a"),
         [{"a": []}, {"a": [1]}, {"a": [1, 2, 3, 4]}], [{"a": ["1"]}, {"a": [True]}]),
        (an_object({"a": {"type": "array", "items": BOOLEAN, "minItems": 2, "maxItems": 3}}, "a"),
         [{"a": [True, False]}, {"a": [True] * 3}], [{"a": [True]}, {"a": [True] * 4}, {"a": []}]),
        (an_object({"a": {"type": "array", "items": BOOLEAN, "minItems": 2}}), [{"a": [True] * 9}], [{"a": [True]}]),
        (an_object({"a": {"type": "array", "items": BOOLEAN, "maxItems": 40}}), [{"a": [True] * 40}], []),
        (an_object({"a": {"type": "array", "prefixItems": [STRING], "items": INTEGER}}, "a"),
         [{"a": []}, {"a": ["x"]}, {"a": ["x", 1, 2]}], [{"a": [1]}, {"a": ["x", "y"]}]),
        (an_object({"a": {"type": "object", "additionalProperties": INTEGER, "maxProperties": 2}}, "a"),
         [{"a": {}}, {"a": {"x": 1, "two words": 2}}, {"a": {"": 1, "a:b": 2}}], 
         [{"a": {"x": "1"}}, {"a": {"x": 1, "y": 2, "z": 3}}]),
        (an_object({"a": {"type": "object", "patternProperties": {"^x_": INTEGER}, "additionalProperties": False}}),
         [{"a": {"x_1": 1, "x_:": 2}}], [{"a": {"y": 1}}]),
        (an_object({"a": {"enum": ["", "x", 1, None, {"k": []}]}}, "a"),
         [{"a": ""}, {"a": "x"}, {"a": 1}, {"a": None}, {"a": {"k": []}}], [{"a": "1"}, {"a": "y"}, {"a": {}}]),
        (an_object({"a": {}}), [{"a": [[1]]}, {"a": {"b": {"c": "d"}}}, {"a": None}, {"a": [{"b": 1.5}]}],
         [{"a": [[[1]]]}]),
        (an_object({"A": INTEGER, "b c:": INTEGER, "é": INTEGER}), [{"A": 1, "b c:": 2, "é": 3}], [{"a": 1}]),
        ({"type": "object", "additionalProperties": INTEGER}, [{}, {"a": 1}], [{"a": "1"}]),
        ({"type": "object", "anyOf": [an_object({"a": INTEGER}, "a"), an_object({"b": INTEGER}, "b")]},
         [{"a": 1}, {"b": 1}], [{}, {"a": 1, "b": 1}]),
        (an_object({"a": {"type": "string", "minLength": 1, "pattern": "^[ab]*$", "not": {"const": "aa"}}}, "a"),
         [{"a": "a"}, {"a": "aaa"}], [{"a": ""}, {"a": "aa"}, {"a": "c"}]),
        (an_object({"a": {"type": "number", "not": {"const": 2}}}), [{"a": 2.5}, {"a": 3}], [{"a": 2}, {"a": 2.0}]),
    ],
)  # fmt: skip
def test_what_a_schema_allows(
    gemma: Gemma4, compiled: Compile, schema: Schema, yes: list[Schema], no: list[Schema]
) -> None:
    walker = compiled(schema)
    assert [value for value in yes if not walker.spells(gemma.tokenizer, gemma.render_call("f", value))] == []
    assert [value for value in no if walker.spells(gemma.tokenizer, gemma.render_call("f", value))] == []
    for value in written(gemma, walker):
        assert errors(schema, value) == []


def test_an_impossible_schema_is_refused(compiled: Compile) -> None:
    with pytest.raises(Refused, match="/properties/a"):
        compiled(an_object({"a": {"type": "string", "pattern": "^aaaa$", "maxLength": 2}}, "a"))
    left_out = compiled(an_object({"a": {"type": "string", "pattern": "^aaaa$", "maxLength": 2}, "b": BOOLEAN}))
    assert left_out.dead_ends() == set()


@pytest.mark.parametrize(
    ("schema", "keyword"),
    [
        ({"type": "number", "multipleOf": 0.1}, "multipleOf"),
        ({"type": "integer", "multipleOf": 7919}, "multipleOf"),
        ({"type": "string", "format": "email", "maxLength": 60}, "maxLength"),
    ],
)
def test_what_is_beyond_automata_is_unheld(gemma: Gemma4, compiled: Compile, schema: Schema, keyword: str) -> None:
    whole = an_object({"a": {"type": "array", "items": schema}}, "a")
    assert unheld(normalize(whole)) == (("/properties/a/items", keyword),)
    assert written(gemma, compiled(whole))


def test_free_values_are_slots(gemma: Gemma4, compiled: Compile) -> None:
    properties = {"city": {**STRING, "x-grounded": True}, "code": {**STRING, "pattern": "^[A-Z]$"}, "n": INTEGER}
    walker = compiled(an_object(properties | {"unit": {"enum": ["a", "b"]}, "z": {"type": ["null", "boolean"]}}))
    city, code, number, unit, flag = walker.automaton.slots
    assert unit.kind == "choice" and [option for option, _ in unit.options] == ["a", "b"]
    assert flag.kind == "flag" and [option for option, _ in flag.options] == ["true", "false"]
    assert (city.kind, city.declared, city.pattern) == ("string", True, None)
    assert (code.kind, code.declared, number.kind) == ("string", False, "number")
    assert code.pattern.accepts("Q") and not code.pattern.accepts("q")  # type: ignore[attr-defined]
    assert number.pattern.accepts("-12") and not number.pattern.accepts("1.5")  # type: ignore[attr-defined]
    quote = gemma.tokenizer.control['<|"|>']
    for slot, text in ((city, "Paris"), (code, "Q"), (number, "12")):
        tokens = gemma.tokenizer.encode(text) + ([quote] if slot.kind == "string" else [])
        assert fits(walker, slot, tokens)


def fits(walker: Walker, slot: Slot, tokens: list[int]) -> bool:
    """Whether a slot's own edges write these tokens."""
    automaton, states = walker.automaton, {slot.begin}
    own = range(*slot.edges)
    for token in tokens:
        states = {
            int(automaton.target[edge])
            for edge in own
            if int(automaton.source[edge]) in states and token in automaton.sets[automaton.label[edge]]
        }
    return slot.end in states


# -- repairs

TRIP = an_object(
    {"city": STRING, "days": {"type": "integer", "minimum": 1}, "stops": {"type": "array", "items": STRING},
     "where": an_object({"lat": {"type": "number"}, "unit": {"enum": ["deg", "rad"]}}),
     "who": {"type": ["string", "null"]}},
    "city",
)  # fmt: skip


@pytest.mark.parametrize(
    ("restrictions", "holds"),
    [
        ({"fixed": {"/city": "Paris"}}, lambda value: value["city"] == "Paris"),
        ({"fixed": {"/days": 3}}, lambda value: value["days"] == 3),
        ({"fixed": {"/where": {"unit": "deg", "lat": 1.5}}},
         lambda value: value["where"] == {"lat": 1.5, "unit": "deg"}),
        ({"fixed": {"/where/unit": "rad"}}, lambda value: value["where"]["unit"] == "rad"),
        ({"fixed": {"/stops/1": "Rome"}}, lambda value: value["stops"][1] == "Rome"),
        ({"fixed": {"/who": None}}, lambda value: value["who"] is None),
        ({"banned": {"/who": [None, "Ann"]}, "fixed": {"/city": "x"}}, lambda value: value.get("who", "") is not None),
        ({"banned": {"/where/unit": ["deg"]}}, lambda value: value.get("where", {}).get("unit", "rad") == "rad"),
        ({"banned": {"/days": [1, 2]}, "only": frozenset(["city", "days"])}, lambda value: value["days"] > 2),
        ({"only": frozenset(["city", "stops"])}, lambda value: value.keys() == {"city", "stops"}),
        ({"only": frozenset(["days"])}, lambda value: value.keys() == {"city", "days"}),  # the city is required
    ],
)  # fmt: skip
def test_a_call_is_repaired(
    gemma: Gemma4, compiled: Compile, restrictions: dict[str, Any], holds: Callable[[Any], bool]
) -> None:
    walker = compiled(TRIP, **restrictions)
    for value in written(gemma, walker):
        assert holds(value), value
    assert walker.dead_ends() == set()


@settings(deadline=None, max_examples=15)
@given(case=tools, data=st.data())
def test_all_values_can_be_fixed(gemma: Gemma4, compiled: Compile, case: Case, data: st.DataObject) -> None:
    value = data.draw(case.values)
    fixed = {"/" + key.replace("~", "~0").replace("/", "~1"): inner for key, inner in value.items()}
    walker = compiled(case.schema, fixed=fixed, only=frozenset(value))
    (written_one,) = written(gemma, walker, count=1)
    assert json.dumps(written_one, sort_keys=True) == json.dumps(value, sort_keys=True)
    assert walker.spells(gemma.tokenizer, gemma.render_call("f", value))


@settings(deadline=None, max_examples=15)
@given(case=tools, data=st.data())
def test_a_banned_scalar_is_not_written(gemma: Gemma4, compiled: Compile, case: Case, data: st.DataObject) -> None:
    value = data.draw(case.values)
    banned = {
        "/" + key.replace("~", "~0").replace("/", "~1"): [inner]
        for key, inner in value.items()
        if not isinstance(inner, list | dict)
    }
    try:
        walker = compiled(case.schema, banned=banned)
    except Refused:
        return
    if banned:
        assert not walker.spells(gemma.tokenizer, gemma.render_call("f", value))


@settings(deadline=None, max_examples=25)
@given(case=tools, data=st.data())
def test_a_banned_call_is_all_that_is_lost(gemma: Gemma4, compiled: Compile, case: Case, data: st.DataObject) -> None:
    value, other = data.draw(case.values), data.draw(case.values)
    same = identity(value) == identity(other)
    try:
        walker = compiled(case.schema, banned={"": [value]})
    except Refused:
        assert same
        return
    assert not walker.spells(gemma.tokenizer, gemma.render_call("f", value))
    assert same or walker.spells(gemma.tokenizer, gemma.render_call("f", other))


@settings(deadline=None, max_examples=40)
@given(case=differing, seed=st.integers(0, 1000))
def test_a_call_goes_on_without_what_stands_already(gemma: Gemma4, compiled: Compile, case: Case, seed: int) -> None:
    chance = random.Random(seed)
    node = normalize(case.schema).node
    tokens = compiled(case.schema).path(chance)
    tokens = tokens[: chance.randint(1, len(tokens) - 1)]
    (call,) = gemma.parse(tokens).calls
    standing = begun(node, call.key_spans, call.values)
    if call.faults[:-1] or repeated(node, call.values) or not standing:
        return
    try:
        walker = compiled(case.schema, begun=standing)
    except Refused:  # as where a third item has been begun, of two that there are
        return
    for whole in (walker.path_from(tokens, chance) for _ in range(3)):
        if whole is not None:
            (after,) = gemma.parse(whole).calls
            twice = {fault.pointer for fault in after.faults} | {*repeated(node, after.values)}
            assert not twice & standing.keys()


def test_a_repair_that_leaves_nothing_is_refused(compiled: Compile) -> None:
    with pytest.raises(Refused) as caught:
        compiled(an_object({"city": {"enum": ["a", "b"]}}, "city"), banned={"/city": ["a", "b"]})
    assert caught.value.pointer == "/city"


def test_a_repair_leaves_unknown_arguments_out(gemma: Gemma4, compiled: Compile) -> None:
    fixed = {"/town": "Paris", "/city": "Rome", "/who": "Ann"}
    walker = compiled(TRIP, only=frozenset(["town", "city", "who"]), fixed=fixed)
    assert written(gemma, walker, count=1) == [{"city": "Rome", "who": "Ann"}]


def test_a_repair_stays_in_the_branch_of_what_is_fixed(gemma: Gemma4, compiled: Compile) -> None:
    pets = {"anyOf": [an_object({"lives": INTEGER, "name": STRING}), an_object({"name": STRING}), {"type": "null"}]}
    walker = compiled(an_object({"pet": pets}), fixed={"/pet/lives": 7})
    assert all(value["pet"]["lives"] == 7 for value in written(gemma, walker))


# -- functions


class Unit(Enum):
    CELSIUS = "celsius"
    KELVIN = "kelvin"


class Point(BaseModel):
    lat: float = Field(ge=-90, le=90)
    lon: float = 0.0


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: Annotated[int, Field(ge=1, le=9)] = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Tree(BaseModel):
    value: int
    children: list["Tree"] = Field(default_factory=list)


@pytest.mark.parametrize(
    "annotation",
    [
        str, int, float, bool, None, Any, list[str], list[list[int]], dict[str, int], dict[Literal["a", "b"], float],
        tuple[int, str], Unit, Point, Tree, Cat | Dog, date, str | None, int | str, Literal["a", 2, None],
        Annotated[Cat | Dog, Field(discriminator="kind")], list[Tree], dict[str, list[Point]],
        Annotated[int, Field(gt=0, multiple_of=5)], Annotated[float, Field(ge=0, lt=1)],
        Annotated[str, Field(pattern="^[A-Z]{3}$")], Annotated[str, Field(min_length=1, max_length=20)],
        Annotated[list[int], Field(min_length=1, max_length=3)],
    ],
    ids=str,
)  # fmt: skip
def test_functions_get_what_they_take(gemma: Gemma4, compiled: Compile, annotation: Any) -> None:
    def function(x, y=0): ...

    function.__annotations__ = {"x": annotation, "y": int}
    tool = Tool(function)
    walker = compiled(tool.parameters)
    for value in written(gemma, walker):
        tool.check(value)


def test_automata_are_kept(tokenizer: Tokenizer) -> None:
    vocabulary = Vocabulary(tokenizer)
    first = call_automaton(tokenizer, vocabulary, "f", TRIP)
    assert call_automaton(tokenizer, vocabulary, "f", json.loads(json.dumps(TRIP))) is first
    assert call_automaton(tokenizer, vocabulary, "g", TRIP) is not first
    assert call_automaton(tokenizer, vocabulary, "f", TRIP, fixed={"/city": "a"}) is not first
