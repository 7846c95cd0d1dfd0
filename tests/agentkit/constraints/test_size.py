"""How large automata get: what is counted within what is counted is checked afterwards, or refused."""

from typing import Any

import pytest

from agentkit import Tool, ToolDefinitionError
from agentkit.constraints.nodes import Array, Node, Object
from agentkit.constraints.normalize import normalize
from agentkit.constraints.size import size
from agentkit.constraints.without import without

NUMBER = {"type": "number"}


def counted(items: dict[str, Any], fewest: int, most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": fewest, "maxItems": most}


def arguments(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"x": schema}, "required": ["x"]}


def node_of(schema: dict[str, Any]) -> Node:
    node = normalize(arguments(schema)).node
    assert isinstance(node, Object)
    return node.properties[0].node


def test_counts_multiply_what_is_counted() -> None:
    one = size(node_of(NUMBER))
    assert size(node_of(counted(NUMBER, 0, 10))) == 10 * one
    assert size(node_of(counted(counted(NUMBER, 3, 3), 2, 8))) == 24 * one
    assert size(node_of({"type": "object", "additionalProperties": NUMBER, "maxProperties": 4})) == 8 * one


def test_a_greatest_number_of_large_items_is_checked_afterwards() -> None:
    texts = {f"k{i}": {"type": "string", "maxLength": 100} for i in range(20)}
    schema = counted({"type": "object", "properties": texts}, 1, 10)
    assert normalize(arguments(schema)).unheld == (("/properties/x", "maxItems"),)
    node = node_of(schema)
    assert isinstance(node, Array) and node.max_items is None
    repaired = without(node, [[{}] * 11])
    assert isinstance(repaired, Array) and repaired.max_items == 10


@pytest.mark.parametrize("counts", [(20, 20, 20), (100, 100)])
def test_counts_that_are_too_many_are_refused(counts: tuple[int, ...]) -> None:
    schema: dict[str, Any] = NUMBER
    for count in counts:
        schema = counted(schema, count, count)
    with pytest.raises(ToolDefinitionError, match="what it counts is too much to be held; ask for fewer items"):
        Tool.from_schema(print, name="f", description="", json_schema=arguments(schema))
