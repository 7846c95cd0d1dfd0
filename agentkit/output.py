"""What a run may end with: text, values of types, and what functions make of such values.

Whatever isn't text is a tool whose call ends the run. So a typed output is held on the canvas, checked and repaired as
the arguments of any call are, and a model that was trained to call tools knows how to write it.
"""

from __future__ import annotations

import functools
import inspect
import json
import math
import re
import types
import typing
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, overload

import anyio
import anyio.to_thread
from pydantic import PydanticUserError, TypeAdapter, ValidationError

from agentkit._typeddict import readable
from agentkit.context import RunContext
from agentkit.errors import ModelRetry, ToolDefinitionError, UserError
from agentkit.jsonable import NotJsonable, to_json_value
from agentkit.messages import JSON
from agentkit.references import resolver
from agentkit.result import OutputT
from agentkit.schema import (
    Arguments,
    Generator,
    InvalidArguments,
    Parameter,
    TypedArguments,
    clean_schema,
    escaped_step,
    faults_of,
    refuse_impossible,
    unserved_reason,
)
from agentkit.tools import Tool, add_tool, is_async, is_context, known_hints, return_type

if TYPE_CHECKING:
    from typing_extensions import TypeForm

NAME = "final_result"
DESCRIPTION = "The final response which ends this conversation"
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
RESPONSE = "response"
"""The one argument of an output that is no object by itself."""


class ToolOutput(Generic[OutputT]):
    """An output type or function with a name and a description of its own: what the model sees of it.

    retries     how many wrong calls in a row the model may correct, instead of the agent's
    idempotent  a function that was under way when its process was stopped may run again
    """

    @overload
    def __init__(
        self,
        output_type: TypeForm[OutputT],
        *,
        name: str | None = None,
        description: str | None = None,
        retries: int | None = None,
        idempotent: bool = False,
    ) -> None: ...
    @overload
    def __init__(
        self,
        output_type: Callable[..., Awaitable[OutputT]],
        *,
        name: str | None = None,
        description: str | None = None,
        retries: int | None = None,
        idempotent: bool = False,
    ) -> None: ...
    @overload
    def __init__(
        self,
        output_type: Callable[..., OutputT],
        *,
        name: str | None = None,
        description: str | None = None,
        retries: int | None = None,
        idempotent: bool = False,
    ) -> None: ...
    def __init__(
        self,
        output_type: Any,
        *,
        name: str | None = None,
        description: str | None = None,
        retries: int | None = None,
        idempotent: bool = False,
    ) -> None:
        self.output_type = output_type
        self.name = name
        self.description = description
        self.retries = retries
        self.idempotent = idempotent

    def tool(self, *, several: bool) -> OutputTool:
        """The tool, whose name says which it is where there are several that have none of their own."""
        output_type = readable(self.output_type)
        options: dict[str, Any] = {"name": self.name, "description": self.description, "retries": self.retries}
        if _is_function(output_type):
            given = {key: value for key, value in options.items() if value is not None}
            return OutputTool(output_type, idempotent=self.idempotent, **given)
        wrapped, arguments, description = _arguments(output_type)
        options["name"] = self.name or (f"{NAME}_{_type_name(output_type)}" if several else NAME)
        options["description"] = self.description or description or _named_in_words(output_type) or DESCRIPTION
        tool = OutputTool(_itself, takes_context=False, _arguments=arguments, **options)
        tool.wrapped, tool.acts = wrapped, False
        return tool


class OutputTool(Tool):
    """A tool whose call ends the run. Its function's value is the output.

    wrapped  the output stands in the one argument `response`
    acts     the function is the developer's, and may have effects
    """

    wrapped = False
    acts = True

    @functools.cached_property
    def _value(self) -> TypeAdapter[Any]:
        """What the function says that it gives back."""
        try:
            return TypeAdapter(return_type(self.function))
        except PydanticUserError:
            return TypeAdapter(Any)

    @property
    def may_be_none(self) -> bool:
        """Whether None is such an output."""
        try:
            if self.acts:
                self._value.validate_python(None)
            else:
                self.check({RESPONSE: None})
        except (ValidationError, InvalidArguments):
            return False
        return self.acts or self.wrapped

    def dumped(self, value: Any) -> JSON:
        """What the function gave back, as JSON. Raises `NotJsonable`."""
        try:
            return to_json_value(self._value.dump_python(value, mode="json", warnings="error"))
        except Exception as error:  # pydantic's, or of the value's own code
            raise NotJsonable(str(error).split("\n")[0]) from error

    def loaded(self, value: JSON) -> Any:
        """What `dumped` wrote, as the type that the function's annotation names; without one it stays JSON."""
        return self._value.validate_json(json.dumps(value))

    def rooted(self, error: ModelRetry) -> ModelRetry:
        """The error with the place in the output that it names as a place in the call's arguments."""
        if not self.wrapped:
            return error
        inner = error.argument or ""
        if inner and not inner.startswith("/"):
            inner = f"/{escaped_step(inner)}"
        return ModelRetry(error.message, argument=f"/{RESPONSE}{inner}")


@dataclass(frozen=True, slots=True)
class Output:
    """What a run ends with."""

    value: Any


class Validator:
    """A function that looks at an output and gives it back, or another one in its place; it may be async.

    It takes the output, or a `RunContext` and the output; parameters with defaults keep them. A synchronous one runs in
    a thread, and is left behind there when the run is cancelled or its time is over.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        signature = inspect.signature(function)
        needed = [p for p in signature.parameters.values() if p.default is p.empty and p.kind in _POSITIONAL]
        self._takes_context = len(needed) == 2
        try:
            signature.bind(*([None, None] if self._takes_context else [None]))
        except TypeError:
            raise UserError(
                f"An output validator takes the output, or a RunContext and the output: {function!r}."
            ) from None
        if self._takes_context and is_context(known_hints(function).get(needed[1].name)):
            raise UserError(f"An output validator's RunContext comes first, and then the output: {function!r}.")

    async def __call__(self, context: RunContext[Any], value: Any) -> Any:
        arguments = (context, value) if self._takes_context else (value,)
        if is_async(self.function):
            return await self.function(*arguments)
        alone = anyio.CapacityLimiter(math.inf)  # a thread left behind takes no place that others need
        values: list[Any] = []  # trio lets no thread give back a coroutine

        def call() -> None:
            values.append(self.function(*arguments))

        await anyio.to_thread.run_sync(call, abandon_on_cancel=True, limiter=alone)
        return await values[0] if inspect.isawaitable(values[0]) else values[0]


@dataclass(frozen=True, slots=True)
class Outputs:
    """What an agent's runs may end with.

    tools       the typed outputs, by the names of their tools
    allow_text  whether text is an answer
    validators  what looks at an output before it is one, in their order
    """

    tools: Mapping[str, OutputTool] = field(default_factory=dict)
    allow_text: bool = True
    validators: tuple[Validator, ...] = ()

    async def validated(self, context: RunContext[Any], value: Any) -> Output:
        """The output. Raises what a validator raises: `ModelRetry`, when the model has to write another one."""
        for validator in self.validators:
            given, value = value, await validator(context, value)
            if value is None and given is not None and not any(tool.may_be_none for tool in self.tools.values()):
                raise UserError(f"The output validator {validator.function!r} gave nothing back: return the output.")
        return Output(value)


def collect_outputs(output_type: Any) -> Outputs:
    """The outputs that an `output_type` allows. Raises `ToolDefinitionError` for a type that JSON can't hold."""
    alternatives = list(_alternatives(output_type))
    if not alternatives:
        raise UserError("output_type is an empty list: give at least one type, function or str.")
    for name in alternatives:
        if isinstance(name, str):
            raise UserError(f"output_type takes types and functions, not {name!r}: write it without quotes.")
    typed = [alternative for alternative in alternatives if alternative is not str]
    given = [alternative if isinstance(alternative, ToolOutput) else ToolOutput(alternative) for alternative in typed]
    several = sum(not _is_function(output.output_type) for output in given) > 1
    tools: dict[str, Tool] = {}
    for output in given:
        add_tool(tools, output.tool(several=several))
    return Outputs(typing.cast(dict[str, OutputTool], tools), allow_text=len(typed) < len(alternatives))


def _alternatives(output_type: Any) -> Iterator[Any]:
    """The members of a list, and those of a union with text or objects: to choose one of them is to choose a tool."""
    if isinstance(output_type, (list, tuple)):
        for item in output_type:
            yield from _alternatives(item)
    elif _is_union(output_type) and any(m is str or _is_object(m) for m in typing.get_args(output_type)):
        for member in typing.get_args(output_type):
            yield from _alternatives(member)
    else:
        yield output_type


async def _itself(response: Any) -> Any:
    return response


def _arguments(output_type: Any) -> tuple[bool, Arguments, str]:
    """Whether the type has to be wrapped, the arguments that write it, and what it says of itself."""
    schema, owner = _schema(output_type), _named(output_type)
    description = schema.pop("description", "")
    if not _fits_arguments(schema):
        return True, TypedArguments(NAME, [Parameter(RESPONSE, output_type, required=True)], owner=owner), description
    refuse_impossible(owner, schema)
    return False, _ObjectArguments(output_type, schema), description


class _ObjectArguments:
    """Arguments that are the members of one type, by pydantic."""

    def __init__(self, output_type: Any, schema: dict[str, JSON]) -> None:
        self._adapter: TypeAdapter[Any] = TypeAdapter(output_type)
        self.schema = schema
        self.defaults: dict[str, Any] = {}

    def check(self, arguments: dict[str, JSON]) -> dict[str, Any]:
        try:
            return {RESPONSE: self._adapter.validate_json(json.dumps(arguments))}
        except ValidationError as error:
            known = list(self.schema.get("properties", {}))
            raise InvalidArguments(faults_of(error.errors(include_url=False), arguments, known)) from None


def _fits_arguments(schema: Mapping[str, JSON]) -> bool:
    return schema.get("type") == "object"


def _is_object(output_type: Any) -> bool:
    try:
        return _fits_arguments(_schema(readable(output_type)))
    except ToolDefinitionError:
        return False


def _schema(output_type: Any) -> dict[str, JSON]:
    """The type's JSON Schema, with what its root refers to written out there, as a type is that holds itself.

    Raises `ToolDefinitionError` with a JSON pointer where it has none.
    """
    try:
        schema = clean_schema(TypeAdapter(output_type).json_schema(schema_generator=Generator))
        definition = resolver(schema)(schema["$ref"]) if "$ref" in schema else {}
        return {**definition, **{key: value for key, value in schema.items() if key != "$ref"}}
    except Exception as error:  # types are the developer's code, and pydantic raises several
        raise ToolDefinitionError(
            f"{_named(output_type)}: at {_unserved(output_type) or 'the root'}: it can't be given as JSON "
            f"({unserved_reason(error)}). Use types that JSON can hold (str, int, float, bool, None, list, dict, "
            f"Literal, Enum, dataclass, TypedDict, BaseModel)."
        ) from error


def _unserved(output_type: Any) -> str:
    """The JSON pointer of the innermost field that JSON can't hold."""
    hints = typing.get_type_hints(output_type, include_extras=True) if inspect.isclass(output_type) else {}
    for name, hint in hints.items():
        try:
            TypeAdapter(hint).json_schema(schema_generator=Generator)
        except Exception:
            return f"/properties/{escaped_step(name)}{_unserved(hint)}"
    return ""


def _named(output_type: Any) -> str:
    return f"output_type {inspect.formatannotation(output_type)}"


def _is_function(output_type: Any) -> bool:
    return inspect.isroutine(output_type) or isinstance(output_type, functools.partial)


def _named_in_words(output_type: Any) -> str:
    """What the name of a class of the developer's own says: "Add item." of `AddItem`."""
    if not inspect.isclass(output_type) or output_type.__module__ == "builtins":
        return ""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", " ", output_type.__name__).strip()
    return f"{words.capitalize()}."


def _type_name(output_type: Any) -> str:
    name = getattr(output_type, "__name__", None) if inspect.isclass(output_type) else None
    text = "None" if output_type is None else name or inspect.formatannotation(output_type)
    return re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")[: 63 - len(NAME)]


def _is_union(output_type: Any) -> bool:
    return typing.get_origin(output_type) in (typing.Union, types.UnionType)
