"""Tools in words."""

from agentkit_recipe.tune.fields import Field
from agentkit_recipe.tune.wording import flag_forms, forms_of, imperative, openings

CITY = Field(("city",), {"type": "string", "description": "The city."}, True)
NAME = Field(("name",), {"type": "string", "description": "The name of the visitor."}, True)


def test_a_description_as_something_to_be_told() -> None:
    assert imperative("Books a room. And more.") == "book a room"
    assert imperative("Use this tool to book a room (with a bed).") == "book a room"
    assert imperative("Book a {room}!") == "book a (room)"
    assert imperative("  ") == ""


def test_openings_from_name_and_description() -> None:
    orders, questions, objects = openings("get_weather", "Get the weather in a city.", [CITY])
    assert {"get the weather", "get the weather in {0}", "tell me the weather in {0}", "fetch the weather"} <= set(
        orders
    )
    assert "what is the weather in {0}" in questions and "weather in {0} please" in objects
    orders, questions, _ = openings("announce_visitor", "Announce a visitor.", [NAME])
    assert "announce {0}" in orders and not questions
    orders, questions, _ = openings("find_colleague", "Find out where a colleague sits.", [])
    assert "tell me where a colleague sits" in orders and "do you know where a colleague sits" in questions
    assert openings("reset", "", [])[0] == ["reset"]


def test_a_tool_that_only_tells_its_name_has_openings_too() -> None:
    orders, _, objects = openings("book_room", "", [])
    assert "book room" in orders and "reserve room" in orders and "I need room" in objects


def test_values_are_led_in_by_their_kind_and_name() -> None:
    assert "in {2}" in forms_of(CITY, 2, [])
    assert "in {2}" not in forms_of(CITY, 2, [CITY])  # two cities: "in" doesn't say which
    assert "the city is {2}" in forms_of(CITY, 2, [CITY])
    assert "from {0}" in forms_of(Field(("origin_city",), {"type": "string"}, True), 0, [CITY])
    assert "for {1} days" in forms_of(Field(("days",), {"type": "integer"}, True), 1, [])


def test_yes_and_no_in_words() -> None:
    window = Field(("window",), {"type": "boolean", "description": "Whether it is at a window."}, False)
    assert {"at a window", "with window"} <= set(flag_forms(window, True))
    assert {"not at a window", "without window"} <= set(flag_forms(window, False))
    notify = Field(("notify",), {"type": "boolean", "description": "Whether to notify the team."}, False)
    assert "and notify the team" in flag_forms(notify, True)
    assert "do not notify the team" in flag_forms(notify, False)


def test_braces_in_a_description_are_no_slots() -> None:
    raw = Field(("raw",), {"type": "boolean", "description": "Whether to keep {0} and {12} as they are."}, False)
    assert "and keep (0) and (12) as they are" in flag_forms(raw, True)
