"""typing.TypedDict for pydantic on Python 3.11, where it only reads typing_extensions' own."""

from __future__ import annotations

import sys
import types
import typing
from typing import Annotated, Any, NotRequired, Required, Union, get_args, get_origin

from typing_extensions import TypedDict


def readable(annotation: Any, _inside: tuple[Any, ...] = ()) -> Any:
    """The annotation with every TypedDict of Python 3.11's typing replaced by an equal one that pydantic reads.

    A TypedDict that contains itself stays as it is; so does everything on Python 3.12 and later.
    """
    if sys.version_info >= (3, 12):
        return annotation
    if typing.is_typeddict(annotation):
        if type(annotation).__module__ != "typing" or annotation in _inside:
            return annotation
        return _rebuilt(annotation, (*_inside, annotation))
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is None or origin is typing.Literal:
        return annotation
    if origin is Annotated:
        return Annotated[(readable(arguments[0], _inside), *arguments[1:])]
    changed = tuple(readable(argument, _inside) for argument in arguments)
    if all(new is old for new, old in zip(changed, arguments, strict=True)):
        return annotation
    if origin is types.UnionType or origin is Union:
        return Union[changed]  # noqa: UP007 (made at run time)
    return origin[changed]


def _rebuilt(typed_dict: Any, inside: tuple[Any, ...]) -> Any:
    fields = {}
    for name, hint in typing.get_type_hints(typed_dict, include_extras=True).items():
        if get_origin(hint) in (Required, NotRequired):
            (hint,) = get_args(hint)
        wrapper = Required if name in typed_dict.__required_keys__ else NotRequired
        fields[name] = wrapper[readable(hint, inside)]
    create: Any = TypedDict  # made at run time, which type checkers can't follow
    rebuilt = create(typed_dict.__name__, fields)
    rebuilt.__doc__ = typed_dict.__doc__
    for attribute in ("__module__", "__qualname__", "__pydantic_config__"):
        if hasattr(typed_dict, attribute):
            setattr(rebuilt, attribute, getattr(typed_dict, attribute))
    return rebuilt
