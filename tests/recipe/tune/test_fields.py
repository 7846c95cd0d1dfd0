"""What is known of a tool's parameters, from its schema."""

from typing import Annotated, Any, Literal, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field as PydanticField

from agentkit import Tool, UserError
from agentkit.messages import ToolDefinition
from agentkit_recipe.tune.fields import fields_of, get, put, words_of


class Address(TypedDict):
    street: str
    number: int


def deliver(
    what: Annotated[str, PydanticField(examples=["a parcel"])],
    to: Address,
    speed: Literal["slow", "fast"] = "slow",
    gift: bool | None = None,
) -> str:
    """Deliver something.

    Args:
        what: What is delivered.
    """
    return "done"


def test_objects_are_taken_apart_into_fields() -> None:
    found = {field.pointer: field for field in fields_of(Tool(deliver).definition)}
    assert list(found) == ["/what", "/to/street", "/to/number", "/speed", "/gift"]
    assert [found[p].type for p in found] == ["string", "string", "integer", "string", "boolean"]
    assert [found[p].required for p in found] == [True, True, True, False, False]
    assert found["/what"].about == "What is delivered." and found["/what"].seen == ("a parcel",)
    assert found["/speed"].choices == ("slow", "fast")


def test_an_array_of_objects_has_the_fields_of_its_entries() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "items": {
                "type": "array",
                "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            }
        },
        "required": ["items"],
    }
    (field,) = fields_of(ToolDefinition("order", "Order.", schema))
    arguments: dict[str, Any] = {}
    put(arguments, field.path, "tea")
    assert arguments == {"items": [{"name": "tea"}]} and field.words == "name"


def test_a_type_that_nobody_can_write_is_refused() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"x": {"type": "tensor"}}}
    with pytest.raises(UserError, match="'order' can't be tuned: its parameter 'x'"):
        fields_of(ToolDefinition("order", "Order.", schema))


@given(st.lists(st.text("abc", min_size=1), min_size=1, max_size=4), st.integers())
def test_what_is_put_is_got(path: list[str], value: int) -> None:
    arguments: dict[str, Any] = {}
    put(arguments, tuple(path), value)
    assert get(arguments, tuple(path)) == (True, value)
    assert get(arguments, (*path, "more")) == (False, None)
    assert get({}, tuple(path)) == (False, None)


@pytest.mark.parametrize("name", ["bookRoom", "book_room", "book-room", "Book.Room"])
def test_names_in_words(name: str) -> None:
    assert words_of(name) == "book room"
