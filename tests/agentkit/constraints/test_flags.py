"""Whether yes or no was said."""

import re

import pytest

from agentkit import Tool, ToolDefinition
from agentkit.constraints.flags import Flag, flags

WEIGHT = 8.0
YES, NO = Flag(false=WEIGHT), Flag(true=WEIGHT)


def book(
    with_breakfast: bool, is_permanent: bool, private: bool = False, enabled: bool = True, quodd: bool = False
) -> None:
    """Book a room.

    Args:
        quodd: Whether the holidays of the room are included.
    """


TOOL = Tool(book).definition


def told(*texts: str, tool: ToolDefinition = TOOL) -> dict[str, Flag]:
    """The prices by parameter; of several texts the first is the latest."""
    spoken = [(text, tuple(match.span() for match in re.finditer(r"\w+", text))) for text in texts]
    places = [(key,) for key in tool.parameters["properties"]]
    return {key: price for (key,), price in flags(tool, places, spoken, WEIGHT).items()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("with breakfast please", {"with_breakfast": YES}),
        ("without breakfast", {"with_breakfast": NO}),
        ("no breakfast", {"with_breakfast": NO}),
        ("no early breakfast", {"with_breakfast": NO}),
        ("it is permanent", {"is_permanent": YES}),
        ("it is not permanent", {"is_permanent": NO}),
        ("it isn't permanent", {"is_permanent": NO}),
        ("don't make it permanent", {"is_permanent": NO}),
        ("not permanent but private", {"is_permanent": NO, "private": YES}),
        ("no breakfast, private", {"with_breakfast": NO, "private": YES}),
        ("nothing of that", {}),
        ("breakfast isn't necessary", {"with_breakfast": NO}),
        ("it doesn't have to be permanent", {"is_permanent": NO}),
        ("block it permanently", {"is_permanent": YES}),
        ("make it non-permanent", {"is_permanent": NO}),
        ("with breakfast, or no breakfast", {}),
        ("I do not know whether he would like it private", {"private": YES}),
        ("I do not know him and he wants no breakfast", {"with_breakfast": NO}),
        ("turn it on", {"enabled": YES}),
        ("switch the room off until we know", {"enabled": NO}),
        ("disable it", {"enabled": NO}),
        ("a room on Saturday", {}),
        ("it is not enabled", {"enabled": NO}),
    ],
)
def test_it_is_told_by_words_of_its_name(text: str, said: dict[str, Flag]) -> None:
    assert told(text) == said


def test_words_of_its_description_count_half_and_those_of_the_tool_not_at_all() -> None:
    assert told("no holidays") == {"quodd": Flag(true=WEIGHT / 2)}
    assert told("including holidays") == {"quodd": Flag(false=WEIGHT / 2)}
    assert told("book a room") == {}


def test_all_words_of_a_name_have_to_be_said_and_none_of_them_by_who_speaks_of_the_tool() -> None:
    def start(dry_run: bool, start_late: bool) -> None:
        """Begin."""

    tool = Tool(start).definition
    assert told("start the run", tool=tool) == {}
    assert told("start a dry run", tool=tool) == {"dry_run": YES}
    assert told("start it without a dry run, late", tool=tool) == {"dry_run": NO, "start_late": YES}


def test_the_latest_text_counts() -> None:
    assert told("with breakfast", "without breakfast") == {"with_breakfast": YES}
    assert told() == {}
