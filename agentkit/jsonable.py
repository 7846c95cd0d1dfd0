"""What a tool returned, as JSON that any model and any store can take."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, to_jsonable_python

if TYPE_CHECKING:
    from agentkit.messages import JSON

MAX_DEPTH = 64
"""How deep lists and dicts may be nested: sessions nest them deeper, and pydantic reads no more than 200 levels."""

_AS_PYTHON = TypeAdapter[Any](Any)


class NotJsonable(TypeError):
    """A value that JSON can't hold; the message says which type."""


def to_json_value(value: Any) -> JSON:
    """The value as JSON: models, dataclasses, enums, dates, sets and arrays the way pydantic writes them.

    bytes are text where all of them are UTF-8, else base64 (URL-safe); NaN and the infinities are the strings "NaN",
    "Infinity" and "-Infinity"; lone surrogates become "?". Raises `NotJsonable`, also for what is nested deeper than
    `MAX_DEPTH`.
    """
    if isinstance(value, (Iterator, AsyncIterator)):
        raise NotJsonable(f"a {type(value).__name__} is no finished value; return a list")
    try:
        plain = _plain(_converted(value))
    except PydanticSerializationError as error:
        raise NotJsonable(str(error).split("\n")[0]) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise NotJsonable(f"{type(value).__name__}: {error}") from error
    except Exception as error:  # of the value's own code
        raise NotJsonable(f"{type(value).__name__}: {error!r}") from error
    if too_deep(plain):
        raise NotJsonable(f"{type(value).__name__}: nested too deeply, more than {MAX_DEPTH} levels")
    return plain


def too_deep(value: JSON, levels: int = MAX_DEPTH) -> bool:
    """Whether lists and dicts are nested in it more than so many levels deep."""
    if not isinstance(value, (dict, list, tuple)):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(too_deep(item, levels - 1) for item in items)


def _converted(value: Any) -> Any:
    try:
        return to_jsonable_python(value, fallback=_from_array)
    except UnicodeDecodeError:
        value = _AS_PYTHON.dump_python(value, by_alias=True)  # a model would write its bytes as text all the same
        return to_jsonable_python(value, fallback=_from_array, bytes_mode="base64")
    except UnicodeEncodeError:  # keys that aren't Unicode, such as names of files
        return _converted(_with_clean_keys(value))


def _with_clean_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {clean(k) if isinstance(k, str) else k: _with_clean_keys(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_clean_keys(item) for item in value]
    return value


def clean(text: str) -> str:
    """The text with "?" for lone surrogates, which neither JSON nor a tokenizer can take."""
    return text.encode(errors="replace").decode()


def _from_array(value: Any) -> Any:
    """Arrays and scalars of numpy and torch, and ranges, as lists and numbers."""
    if isinstance(value, range):
        return list(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise PydanticSerializationError(f"Unable to serialize unknown type: {type(value)}")


def _plain(value: Any) -> JSON:
    match value:
        case str():
            return clean(value)
        case bool() | None:
            return value
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case int():
            str(value)  # Python refuses to write numbers of thousands of digits
            return value
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {_plain(key): _plain(item) for key, item in value.items()}
        case _:
            return value
