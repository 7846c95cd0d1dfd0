"""What has to differ in a value: items of unique arrays, known by their pointers."""

from agentkit.constraints.distinct import repeated
from agentkit.constraints.normalize import normalize


def test_members_whose_keys_are_numbers_may_be_equal() -> None:
    years = {"type": "object", "additionalProperties": {"type": "integer"}}
    days = {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}
    node = normalize({"type": "object", "properties": {"days": days, "years": years}}).node
    assert repeated(node, {"/years/2020": 5, "/years/2021": 5}) == []
    assert repeated(node, {"/days/0": 5, "/days/1": 5}) == ["/days/1"]
