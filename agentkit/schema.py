"""JSON Schemas of arguments, and the check of arguments against them.

Both kinds of tool come to the same thing here, an `Arguments`: a clean schema for the model, and `check`, which gives
the values to call with or raises `InvalidArguments` with a JSON pointer and a sentence for each fault.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NotRequired, Protocol, Required
from urllib.parse import unquote

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import ErrorDetails, SchemaError
from pydantic_core.core_schema import DatetimeSchema, DecimalSchema, DictSchema, FloatSchema, TimeSchema, UrlSchema
from typing_extensions import TypedDict

from agentkit.constraints.nodes import Refused, all_nodes, doubtful
from agentkit.constraints.normalize import normalized
from agentkit.errors import ToolDefinitionError
from agentkit.keywords import DATA, DEFINITIONS, REFERRING, walk_keyword
from agentkit.messages import JSON
from agentkit.references import rooted

_SHOWN = 80  # characters of a faulty value that are shown to the model


@dataclass(frozen=True, slots=True)
class ArgumentFault:
    """One thing wrong with a call's arguments: where (a JSON pointer, "" for the whole object) and what."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or 'arguments'}: {self.message}"


class InvalidArguments(Exception):
    """The arguments don't fit; `faults` is never empty."""

    def __init__(self, faults: Sequence[ArgumentFault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = tuple(faults)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.faults,)


class Grounded:
    """Says of a string or number that it stands in the conversation: `city: Annotated[str, Grounded()]`.

    The model then writes a run of whole words, or a number, of what the user said or a tool answered, and cannot invent
    one. Of a list, each item is. In a JSON Schema it is the keyword `"x-grounded": true`.
    """

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, JSON]:
        return self._within(handler(core), handler)

    def _within(self, schema: dict[str, Any], handler: Any) -> dict[str, JSON]:
        meant = handler.resolve_ref_schema(schema)
        if isinstance(meant.get("items"), dict):
            return {**meant, "items": self._within(meant["items"], handler)}
        kinds = {branch.get("type") for branch in meant.get("anyOf", (meant,))} - {"null"}
        if not kinds <= {"string", "number", "integer"} or "enum" in meant or "const" in meant:
            raise PydanticInvalidForJsonSchema("Grounded() is for strings and numbers, and for lists of them")
        return {**schema, "x-grounded": True}

    def __repr__(self) -> str:
        return "Grounded()"


class Arguments(Protocol):
    """What a tool's arguments have to be, and what those are that a call leaves out."""

    schema: dict[str, JSON]
    defaults: dict[str, Any]

    def check(self, arguments: dict[str, JSON]) -> dict[str, Any]:
        """The values to call the tool with. Raises `InvalidArguments`."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function that is to be a tool."""

    name: str
    annotation: Any
    required: bool
    default: Any = None
    description: str = ""


class TypedArguments:
    """The arguments of a Python signature, by pydantic: JSON types are converted the lax way, unknown keys refused."""

    def __init__(self, function_name: str, parameters: Sequence[Parameter], *, owner: str | None = None) -> None:
        owner = owner or f"Tool {function_name!r}"
        self._parameters = parameters
        self.defaults = {p.name: p.default for p in parameters if not p.required}
        for parameter in parameters:
            _refuse_unsupported(owner, parameter)
        self._adapter = _adapter(function_name, parameters)
        self.schema = self._describe(clean_schema(self._adapter.json_schema(schema_generator=Generator)))
        refuse_impossible(owner, self.schema)

    def check(self, arguments: dict[str, JSON]) -> dict[str, Any]:
        try:
            return self._adapter.validate_json(json.dumps(arguments))
        except ValidationError as error:
            known = [parameter.name for parameter in self._parameters]
            raise InvalidArguments(faults_of(error.errors(include_url=False), arguments, known)) from None

    def _describe(self, schema: dict[str, JSON]) -> dict[str, JSON]:
        schema.pop("description", None)  # TypedDict's own
        properties = schema.setdefault("properties", {})
        for parameter in self._parameters:
            entry = properties[parameter.name]
            if parameter.description:
                entry.setdefault("description", parameter.description)
            if not parameter.required and parameter.default is not None:
                default = _as_json(parameter.default)
                if default is not None:
                    entry.setdefault("default", default)
        return schema


class SchemaArguments:
    """The arguments of a given JSON Schema, checked by jsonschema and passed on as they are, in a copy."""

    def __init__(self, tool_name: str, schema: Mapping[str, JSON]) -> None:
        from jsonschema import SchemaError as NoSchema
        from jsonschema import validators
        from referencing import Registry

        own = _own_copy(tool_name, schema)
        kind = validators.validator_for(own, default=validators.Draft202012Validator)
        try:
            kind.check_schema(own)
        except NoSchema as error:
            where = _pointer(error.absolute_path) or "the root"
            raise ToolDefinitionError(f"Tool {tool_name!r}: at {where}: {error.message}") from None
        self.schema = clean_schema(rooted(own), drop_titles=False)
        self.defaults: dict[str, Any] = {}
        if self.schema.get("type") != "object":
            raise ToolDefinitionError(
                f'Tool {tool_name!r}: at /type: arguments are an object, so the schema needs "type": "object", '
                f"not {self.schema.get('type')!r}."
            )
        _refuse_remote_references(tool_name, self.schema)
        refuse_impossible(f"Tool {tool_name!r}", self.schema)
        self._validator: Any = kind(own, format_checker=kind.FORMAT_CHECKER, registry=Registry())

    def check(self, arguments: dict[str, JSON]) -> dict[str, Any]:
        errors = sorted(self._validator.iter_errors(arguments), key=lambda error: list(map(str, error.absolute_path)))
        if errors:
            raise InvalidArguments([_schema_fault(error) for error in errors])
        return deepcopy(arguments)


def clean_schema(schema: Mapping[str, JSON], *, drop_titles: bool = True) -> dict[str, JSON]:
    """The schema without noise: references inlined (kept, with `$defs`, only where they recurse), no titles.

    Where anything but a definition is referred to by its name, or the schema would grow beyond measure, references and
    definitions stay as they are.
    """
    named: dict[str, dict[str, Any]] = {place: dict(schema.get(place, {})) for place in DEFINITIONS}
    definitions = {_reference(place, name): named[place][name] for place in named for name in named[place]}
    inlined: set[str] = set()
    if _references(schema) <= definitions.keys() | {"#"}:
        inlined = {name for name in definitions if name not in _reachable(definitions[name], definitions)}
        if _size(schema, {name: definitions[name] for name in inlined}) > _MOST_INLINED:
            inlined = set()
    dropped = {"discriminator", *(["title"] if drop_titles else []), *(DEFINITIONS if inlined else [])}
    alone = _OLD_DRAFT.search(str(schema.get("$schema", ""))) is not None  # what stands beside a $ref means nothing

    def walk(node: Any) -> Any:
        if not isinstance(node, Mapping):
            return node
        cleaned = {key: walk_keyword(key, value, walk) for key, value in node.items() if key not in dropped}
        if alone and "$ref" in cleaned:
            kept = ("$ref", *DEFINITIONS)
            cleaned = {key: value for key, value in cleaned.items() if key in kept or _says_nothing(key)}
        name = _referred(cleaned)
        if name not in inlined:
            return cleaned
        del cleaned["$ref"]
        definition = walk(definitions[name])
        if isinstance(definition, Mapping) and all(map(_says_nothing, cleaned)):
            return {**definition, **cleaned}
        return {**cleaned, "allOf": [definition, *cleaned.get("allOf", ())]}

    found: dict[str, JSON] = walk(schema)
    needed = _reachable(found, definitions) - inlined
    for place in named if inlined else ():
        if recursive := {name: walk(one) for name, one in named[place].items() if _reference(place, name) in needed}:
            found[place] = recursive
    return found


_MOST_INLINED = 4000  # schemas within a schema, once its references are inlined
_ANNOTATIONS = {"title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly",
                "nullable", "$schema", "$id", "$comment"}  # fmt: skip
_OLD_DRAFT = re.compile(r"/draft-0[3-7]/")


def _says_nothing(key: str) -> bool:
    return key in _ANNOTATIONS or key.startswith("x-")


def _reference(place: str, name: str) -> str:
    return f"#/{place}/{escaped_step(name)}"


def _referred(node: Mapping[str, Any]) -> str | None:
    reference = node.get("$ref")
    return unquote(reference) if isinstance(reference, str) else None


def _references(node: Any) -> set[str]:
    """What a schema, or a schema within it, refers to."""
    found: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, Mapping):
            found.update(unquote(node[key]) for key in REFERRING if isinstance(node.get(key), str))
            for key, value in node.items():
                walk_keyword(key, value, walk)

    walk(node)
    return found


def _size(schema: Any, definitions: Mapping[str, Any]) -> int:
    """How many schemas stand in one once these definitions, none of which refers to itself, are inlined."""
    sizes: dict[str, int] = {}

    def size(node: Any) -> int:
        found = 0

        def walk(node: Any) -> None:
            nonlocal found
            if not isinstance(node, Mapping):
                return
            found += 1
            name = _referred(node)
            if name is not None and name in definitions:
                if name not in sizes:
                    sizes[name] = size(definitions[name])
                found += sizes[name]
            for key, value in node.items():
                if key not in DEFINITIONS:
                    walk_keyword(key, value, walk)

        walk(node)
        return found

    return size(schema)


def _reachable(node: Any, definitions: Mapping[str, Any]) -> set[str]:
    """The definitions that `node` refers to, directly or through others."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        more = (_references(waiting.pop()) & definitions.keys()) - found
        found |= more
        waiting.extend(definitions[name] for name in more)
    return found


class Generator(GenerateJsonSchema):
    """Describes what it can of a type, without warnings about the rest."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 (pydantic's own type)

    def field_is_present(self, field: Any) -> bool:
        """Without what a dataclass sets itself, and takes from nobody."""
        return super().field_is_present(field) and field.get("init", True)

    def dict_schema(self, schema: DictSchema) -> dict[str, JSON]:
        """With the keys that are no strings, which JSON writes as such."""
        described = super().dict_schema(schema)
        if "patternProperties" in described:
            described = {"additionalProperties": False, **described}
        keys: Any = schema.get("keys_schema", {})
        kind = keys.get("type")
        if kind == "enum":  # numbers are read from strings only where all members are numbers
            values = [member.value for member in keys["members"]]
            taken = [str(value) for value in values if isinstance(value, str) or keys.get("sub_type")]
            if taken:
                return {**described, "propertyNames": {"enum": taken}}
        if kind == "bool":
            return {**described, "propertyNames": {"enum": ["true", "false"]}}
        if kind == "int" and keys.get("ge") is not None and keys.get("le") is not None:
            if keys["le"] - keys["ge"] < _MOST_KEYS:
                return {**described, "propertyNames": {"enum": [str(n) for n in range(keys["ge"], keys["le"] + 1)]}}
        literal = kind == "literal" and not all(isinstance(one, str) for one in keys["expected"])
        if kind in ("enum", "tuple") or literal:
            raise PydanticInvalidForJsonSchema("the keys of a JSON object are strings, and these are read from none")
        pattern = _KEYS.get(kind)
        return {**described, "propertyNames": {"pattern": pattern}} if pattern else described

    def datetime_schema(self, schema: DatetimeSchema) -> dict[str, JSON]:
        """With whether it has an offset from UTC: JSON Schema's format asks for one, pydantic only where it says so."""
        return {**super().datetime_schema(schema), **_offset(schema)}

    def time_schema(self, schema: TimeSchema) -> dict[str, JSON]:
        return {**super().time_schema(schema), **_offset(schema)}

    def url_schema(self, schema: UrlSchema) -> dict[str, JSON]:
        """With the schemes that it may have."""
        described = super().url_schema(schema)
        schemes = schema.get("allowed_schemes")
        return {**described, "pattern": f"^(?:{'|'.join(map(re.escape, schemes))})://"} if schemes else described

    def is_subclass_schema(self, schema: Any) -> dict[str, JSON]:
        raise PydanticInvalidForJsonSchema("a class can't be given as JSON")

    def float_schema(self, schema: FloatSchema) -> dict[str, JSON]:
        """With multiples as pydantic takes them: 0.3 is one of 0.1, which a quotient of floats is not."""
        described = super().float_schema(schema)
        return {**described, "x-decimal": True} if "multipleOf" in described else described

    def decimal_schema(self, schema: DecimalSchema) -> dict[str, JSON]:
        """As the number that it is: of the strings that pydantic takes, too, JSON Schema can't say which they are."""
        described = super().decimal_schema(schema)
        number = dict(next((one for one in described.get("anyOf", ()) if one.get("type") == "number"), described))
        places, digits = schema.get("decimal_places"), schema.get("max_digits")
        if places is not None:
            number.setdefault("multipleOf", float(Decimal(10) ** -places) if places else 1)
        if "multipleOf" in number:
            number["x-decimal"] = True
        if places is not None and digits is not None:  # so many digits before the point are left
            most = float(Decimal(10) ** (digits - places) - Decimal(10) ** -places)
            number["maximum"] = min(most, number.get("maximum", most))
            number["minimum"] = max(-most, number.get("minimum", -most))
        return number


def _offset(schema: DatetimeSchema | TimeSchema) -> dict[str, JSON]:
    constraint = schema.get("tz_constraint")
    return {} if constraint == "aware" else {"x-offset": "none" if constraint == "naive" else "optional"}


_MOST_KEYS = 1000  # that are listed
_WHOLE = "^-?(0|[1-9][0-9]{0,14})"
_KEYS = {"int": f"{_WHOLE}$"} | dict.fromkeys(("float", "decimal"), rf"{_WHOLE}(\.[0-9]{{1,6}})?$")


def _adapter(name: str, parameters: Sequence[Parameter]) -> TypeAdapter[dict[str, Any]]:
    fields = {p.name: (Required if p.required else NotRequired)[p.annotation] for p in parameters}
    create: Any = TypedDict  # made at run time, which type checkers can't follow
    model = create(name, fields)
    model.__pydantic_config__ = ConfigDict(extra="forbid", regex_engine="python-re")  # which knows look-aheads
    return TypeAdapter(model)


def _refuse_unsupported(owner: str, parameter: Parameter) -> None:
    try:
        schema = _adapter("Arguments", [parameter]).json_schema(schema_generator=Generator)
        if parameter.name not in schema.get("properties", {}):
            raise TypeError("its schema goes by another name or none: a parameter has no alias")
    except Exception as error:  # annotations are the developer's code, and pydantic raises several
        annotation = inspect.formatannotation(parameter.annotation)
        raise ToolDefinitionError(
            f"{owner}: parameter {parameter.name!r}: the annotation {annotation} can't be given as JSON "
            f"({unserved_reason(error)}). Use types that JSON can hold (str, int, float, bool, None, list, dict, "
            f"Literal, Enum, dataclass, TypedDict, BaseModel) or Tool.from_schema."
        ) from error


def unserved_reason(error: Exception) -> str:
    """What pydantic says of a type that it can't build or describe, in one sentence."""
    lines = [line.strip() for line in str(error).split("\n") if not set(line) <= set(" ^")]
    lines = lines or [type(error).__name__]
    return lines[-1 if isinstance(error, SchemaError) else 0].split(". ")[0].rstrip(".")


def _refuse_remote_references(tool_name: str, node: Any, pointer: str = "") -> None:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("$ref", "$dynamicRef") and isinstance(value, str) and not value.startswith("#"):
                raise ToolDefinitionError(
                    f"Tool {tool_name!r}: at {pointer}/{key}: {value!r} refers outside the schema; nothing is fetched. "
                    f"Put the definition under $defs."
                )
            if key not in DATA:
                _refuse_remote_references(tool_name, value, f"{pointer}/{escaped_step(key)}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            _refuse_remote_references(tool_name, value, f"{pointer}/{index}")


def refuse_impossible(owner: str, schema: Mapping[str, JSON]) -> None:
    """Refuses a schema that nothing can fit; `owner` is whose it is."""
    try:
        node = normalized(schema).node
        if any(map(doubtful, all_nodes(node))):
            from agentkit.constraints.coverage import possible  # brings numpy

            possible(node)
    except Refused as error:
        raise ToolDefinitionError(f"{owner}: at {error.pointer or 'the root'}: {error.reason}.") from None


def _own_copy(tool_name: str, schema: Mapping[str, JSON]) -> dict[str, JSON]:
    try:
        copy = json.loads(json.dumps(schema, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ToolDefinitionError(f"Tool {tool_name!r}: the schema is not JSON: {error}") from None
    if not isinstance(copy, dict):
        raise ToolDefinitionError(f"Tool {tool_name!r}: the schema of arguments is an object, not {copy!r}.")
    return copy


def _as_json(value: Any) -> JSON:
    """The value as JSON, or None where it can't be."""
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    try:
        converted = to_jsonable_python(value)
        json.dumps(converted, allow_nan=False)
    except (PydanticSerializationError, ValueError):
        return None
    return converted


def faults_of(errors: Iterable[ErrorDetails], arguments: JSON, known: Sequence[str]) -> list[ArgumentFault]:
    """What pydantic found wrong, one fault per place: alternatives of a union that all failed are joined by "or"."""
    messages: dict[str, list[str]] = {}
    for error in errors:
        pointer = _place(error["loc"], error["type"] == "missing", arguments)
        message = _in_words(error, known)
        if message not in messages.setdefault(pointer, []):
            messages[pointer].append(message)
    return [ArgumentFault(pointer, ", or: ".join(texts)) for pointer, texts in messages.items()]


def _in_words(error: ErrorDetails, known: Sequence[str]) -> str:
    if error["type"] == "missing":
        return "is required and missing"
    if error["type"] == "extra_forbidden":
        if len(error["loc"]) == 1:
            return f"is no parameter of this tool (its parameters: {', '.join(known) or 'none'})"
        return "is not expected here"
    message = error["msg"].replace("Input should", "should").replace("String should", "should")
    message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return f"{message}; it is {_shown(error['input'])}"


def _place(location: tuple[int | str, ...], missing: bool, arguments: JSON) -> str:
    """The JSON pointer of pydantic's location, whose steps also name the branches of unions it tried."""
    node = arguments
    steps: list[int | str] = []
    for index, step in enumerate(location):
        if isinstance(node, dict) and step in node:
            node = node[step]
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        elif step == "[key]":  # what is at fault is the key itself
            del steps[-1:]
            break
        elif not (missing and index == len(location) - 1):
            continue
        steps.append(step)
    return _pointer(steps)


def _pointer(steps: Iterable[int | str]) -> str:
    return "".join(f"/{escaped_step(str(step))}" for step in steps)


def escaped_step(step: str) -> str:
    """A key as a step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _schema_fault(error: Any) -> ArgumentFault:
    pointer, value = _pointer(error.absolute_path), error.validator_value
    shown = _shown(error.instance)
    match error.validator:
        case "required":
            absent = [name for name in value if name not in error.instance]
            return ArgumentFault(pointer, f"needs {', '.join(map(repr, absent))}")
        case "additionalProperties" if value is False:
            allowed = error.schema.get("properties", {})
            extra = [repr(name) for name in error.instance if name not in allowed]
            return ArgumentFault(pointer, f"{', '.join(extra)} not expected (allowed: {', '.join(allowed) or 'none'})")
        case "enum":
            return ArgumentFault(pointer, f"should be one of {_shown(value)}; it is {shown}")
        case "type":
            kinds = value if isinstance(value, str) else " or ".join(value)
            return ArgumentFault(pointer, f"should be {kinds}; it is {shown}")
        case "anyOf" | "oneOf":
            return ArgumentFault(
                pointer,
                f"should fit {'one' if error.validator == 'oneOf' else 'any'} of the allowed forms; it is {shown}",
            )
        case _:
            return ArgumentFault(pointer, f"should satisfy {error.validator} {_shown(value)}; it is {shown}")
