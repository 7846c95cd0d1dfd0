"""Words beside a value that say which parameter it is for."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentkit_model
from agentkit import Tool
from agentkit.constraints.grounding import Words, ground
from agentkit.constraints.labels import DESCRIBED, ELSEWHERE, LOOK, _others, prices
from agentkit.dialects import Gemma4, Tokenizer
from tests.agentkit.constraints.paths import Walker

TOKENIZER = Tokenizer.from_file(Path(agentkit_model.__file__).parent / "bundled" / "tokenizer.json")
DIALECT = Gemma4(TOKENIZER)
NATS = 10.0


def cost(tool: Any, *texts: str, **arguments: Any) -> float:
    """What the labels of some texts, of which the last is the latest, make a call cost."""
    definition = Tool(tool).definition
    call, words = DIALECT.call_automaton(definition), Words(TOKENIZER, texts)
    places = list(dict.fromkeys(slot.keys for slot in call.slots))
    tokens = DIALECT.render_call(definition.name, arguments)
    held, without = (
        ground(call, words, TOKENIZER, cost=1000.0, prices=found)
        for found in (prices(definition, places, words.spoken, NATS), {})
    )
    return Walker(held).cost(tokens) - Walker(without).cost(tokens)


def pay(bill: float, percent: float) -> None:
    """Work out a tip."""


def resize(width: int, height: int, path: str = "") -> None:
    """Scale a picture."""


def travel(origin: str, destination: str, when: str = "") -> None:
    """Find a train."""


def paint(theme: str, step: str = "") -> None:
    """Draw something."""


def mail(email: str, text: str) -> None:
    """Send it."""


def send(text: str, path: str = "", url: str = "", phone: str = "", version: str = "") -> None:
    """Pass it on."""


def draw(least: int, most: int) -> None:
    """Get a random number."""


def translate(text: str, language: str) -> None:
    """Say it otherwise."""


def convert(unit: str, wanted: str) -> None:
    """Work it out."""


def light(room: str, shade: str = "") -> None:
    """Set a lamp."""


def measure(height: float, weight: float = 0, price: float = 0) -> None:
    """Note it down."""


def meet(guest: str, topic: str) -> None:
    """Plan it."""


def play(title: str, artist: str = "") -> None:
    """Start a song."""


@pytest.mark.parametrize(
    ("tool", "text", "right", "wrong"),
    [
        (pay, "a 15 percent tip on 56 euros", {"bill": 56, "percent": 15}, {"bill": 15, "percent": 56}),
        (pay, "what is 15% of 56", {"bill": 56, "percent": 15}, {"bill": 15, "percent": 56}),
        (pay, "the bill is 56, tip 15", {"bill": 56, "percent": 15}, {"bill": 15, "percent": 56}),
        (resize, "use width 1200 and height 300", {"width": 1200, "height": 300}, {"width": 300, "height": 1200}),
        (resize, "with a height of 300: 1200", {"width": 1200, "height": 300}, {"width": 300, "height": 1200}),
        (travel, "from Oslo to Rome", {"origin": "Oslo", "destination": "Rome"}, {"origin": "Rome"}),
        (travel, "to Rome from the Hague", {"origin": "Hague", "destination": "Rome"}, {"destination": "Hague"}),
        (paint, "take blue as the theme, red for the step", {"theme": "blue", "step": "red"}, {"theme": "red"}),
        (paint, "theme = blue, step: red", {"theme": "blue", "step": "red"}, {"step": "blue"}),
        (draw, "a number between 14 and 566", {"least": 14, "most": 566}, {"least": 566, "most": 14}),
        (draw, "a number from 14 to 566", {"least": 14, "most": 566}, {"least": 566, "most": 14}),
        (translate, "what is cheese in Czech", {"text": "cheese", "language": "Czech"}, {"text": "Czech"}),
        (convert, "37 kelvin in celsius", {"unit": "kelvin", "wanted": "celsius"}, {"unit": "celsius"}),
        (convert, "how many celsius are 37 kelvin", {"unit": "kelvin", "wanted": "celsius"}, {"wanted": "kelvin"}),
        (travel, "Oslo until Rome", {"origin": "Oslo", "destination": "Rome"}, {"origin": "Rome"}),
        (send, "scale a.gif, take x", {"path": "a.gif", "text": "x"}, {"text": "a.gif"}),
        (send, "look at www.home.org, take x", {"url": "www.home.org", "text": "x"}, {"text": "www.home.org"}),
        (send, "ring 0151 2233, take x", {"phone": "0151 2233", "text": "x"}, {"text": "0151 2233"}),
        (send, "back to v2024.11, take x", {"version": "v2024.11", "text": "x"}, {"text": "v2024.11"}),
        (mail, "to bo: the keys", {"email": "bo", "text": "the keys"}, {"email": "the keys"}),
        (mail, "send bo an email: the keys", {"email": "bo", "text": "the keys"}, {"email": "the keys"}),
        (mail, "send bo the message keys", {"email": "bo", "text": "keys"}, {"email": "keys"}),
        (mail, "let bo know, saying keys", {"email": "bo", "text": "keys"}, {"email": "keys"}),
        (light, "the ivory hall", {"room": "hall", "shade": "ivory"}, {"room": "ivory"}),
        (translate, "say cheese using Czech", {"text": "cheese", "language": "Czech"}, {"text": "Czech"}),
        (measure, "164 cm and 105 kg", {"height": 164, "weight": 105}, {"height": 105, "weight": 164}),
        (measure, "164cm and 105kg", {"height": 164, "weight": 105}, {"height": 105, "weight": 164}),
        (measure, "10 pieces, 12 euros", {"height": 10, "price": 12}, {"height": 12, "price": 10}),
        (measure, "10 pieces, $12", {"height": 10, "price": 12}, {"height": 12, "price": 10}),
        (measure, "if 29 cost 16", {"height": 29, "price": 16}, {"height": 16, "price": 29}),
        (pay, "56 at 3.5 percent", {"bill": 56, "percent": 3.5}, {"bill": 3.5, "percent": 56}),
        (resize, "800 by 600", {"width": 800, "height": 600}, {"width": 600, "height": 800}),
        (meet, "talk with Ann about rent", {"guest": "Ann", "topic": "rent"}, {"guest": "rent", "topic": "Ann"}),
        (play, "Yesterday by Wings", {"artist": "Wings", "title": "Yesterday"}, {"title": "Wings"}),
        (play, "one called Help from Wings", {"artist": "Wings", "title": "Help"}, {"artist": "Help"}),
        (mail, "tell bo@home.org dinner is ready", {"email": "bo@home.org", "text": "dinner"}, {"text": "bo@home.org"}),
    ],
)
def test_a_value_costs_something_beside_another_parameters_label(
    tool: Any, text: str, right: dict[str, Any], wrong: dict[str, Any]
) -> None:
    assert cost(tool, text, **right) == 0.0
    assert cost(tool, text, **right | wrong) >= NATS


def test_a_value_costs_something_where_its_own_label_stands_elsewhere() -> None:
    assert cost(resize, "30 or 40, width 50", width=50, height=40) == 0.0
    assert cost(resize, "30 or 40, width 50", width=30, height=40) == ELSEWHERE * NATS
    assert cost(resize, "30, width 50", "now 40", width=50, height=40) == 0.0
    assert cost(resize, "30, width 50", "now 40", width=30, height=40) == 0.0, "only the latest text says where"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("train to Rome tomorrow", "tomorrow"),
        ("train to Rome, next Monday", "next Monday"),
        ("train to Rome, 8 October", "8 October"),
        ("train to Rome, 2026-10-08", "2026-10-08"),
        ("train to Rome, 10/8/2026", "10/8/2026"),
    ],
)
def test_a_date_is_no_place(text: str, value: str) -> None:
    right = cost(travel, text, origin="train", destination="Rome", when=value)
    # the place has a label of its own in "to Rome" as well
    wrong = cost(travel, text, origin="train", destination=value, when="Rome")
    assert wrong >= right + LOOK * NATS


def test_a_parameters_name_is_no_value() -> None:
    assert cost(resize, "change the path", path="the path", width=1, height=1) == 0.0
    for name in ("path", "width"):
        assert cost(resize, f"take a {name}, now", path=name, width=1, height=1) == NATS
        assert cost(resize, f"take a {name}, now", path=f"a {name}", width=1, height=1) == 0.0, "New York City"


def note(note_id: int, text: str) -> None:
    """Change a note."""


def test_what_begins_a_sentence_is_what_to_do_and_no_label() -> None:
    assert cost(resize, "Path Anna", path="Anna", width=1, height=1) == 0.0
    assert cost(paint, "Step Anna", theme="Anna") == 0.0
    assert cost(paint, "Step: Anna", theme="Anna") == NATS
    assert cost(paint, "Do it. Step Anna", theme="Anna") == 0.0


def test_words_of_the_tools_name_are_no_labels() -> None:
    assert cost(note, "in the note 7 write the id 8", note_id=7, text="8") == NATS * (1 + ELSEWHERE)
    assert cost(note, "in the note 7 write 8", note_id=8, text="7") == 0.0


def chart(low: Literal["red", "blue"], about: str = "", high: str = "") -> None:
    """Draw a chart.

    Args:
        about: The country that it shows.
        high: The place to go to.
    """


def test_descriptions_count_less() -> None:
    assert cost(chart, "for the country Peru", low="red", high="Peru") == DESCRIBED * NATS
    assert cost(chart, "for the country Peru", low="red", about="Peru") == 0.0
    assert cost(chart, "go to Peru", low="red", about="Peru") == DESCRIBED * NATS, "its last word says the way"


def fly(here: str, there: str) -> None:
    """Book a flight.

    Args:
        here: Where it starts.
        there: Where it ends.
    """


def test_a_description_may_say_it_in_another_form() -> None:
    assert cost(fly, "from Oslo to Rome", here="Oslo", there="Rome") == 0.0
    assert cost(fly, "from Oslo to Rome", here="Rome", there="Oslo") >= 2 * DESCRIBED * NATS


def tell(whom: str, what: str) -> None:
    """Pass it on.

    Args:
        whom: Who gets the message.
        what: What to say.
    """


def test_who_gets_a_message_is_not_what_it_says() -> None:
    assert cost(tell, "Text Ann: dinner is ready", whom="Ann", what="dinner is ready") == 0.0
    assert cost(tell, "Text Ann: dinner is ready", whom="dinner is ready", what="Ann") >= DESCRIBED * NATS


def paint_blue(room: str, color: str = "") -> None:
    """Paint it."""


def http_get(url: str) -> None:
    """Fetch a page."""


def test_a_look_that_the_tools_name_has_says_nothing() -> None:
    assert cost(paint_blue, "the blue hall", room="blue hall", color="the") == 0.0
    assert cost(paint_blue, "the green hall", room="green hall") >= LOOK * NATS
    assert cost(http_get, "get https://home.org", url="https://home.org") == 0.0, "but a site looks like one"


def wait(place: str, minutes: int) -> None:
    """Wait somewhere."""


def test_in_so_many_minutes_is_no_place() -> None:
    assert cost(wait, "home, in 20 minutes", place="home", minutes=20) == 0.0
    assert cost(wait, "home, and in 20", place="home", minutes=20) == 0.0


def test_a_choice_has_a_label_too() -> None:
    assert cost(chart, "with the low red", low="red", high="red") == NATS


def test_the_first_token_alone_pays() -> None:
    assert cost(resize, "the width 123456", height=123456, width=1) == NATS
    assert cost(paint, "the theme Blue Velvet", step="Blue Velvet", theme="Velvet") == NATS * (1 + ELSEWHERE)


def test_without_labels_and_words_nothing_costs_anything() -> None:
    assert cost(resize, "640 480", width=640, height=480) == cost(resize, "640 480", width=480, height=640) == 0.0
    definition = Tool(resize).definition
    for found in prices(definition, [("width",), ("height",), ()], [], NATS).values():
        assert [*found.first, *found.last, *found.number] == [0.0, 0.0, 0.0]


@given(st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=3, max_size=3), min_size=1, max_size=5))
def test_the_others_are_all_but_oneself(rows: list[list[float]]) -> None:
    labels = np.array(rows, np.float32)
    naive = [
        [max([other[word] - row[word] for other in rows[:at] + rows[at + 1 :]] + [0.0]) for word in range(3)]
        for at, row in enumerate(rows)
    ]
    np.testing.assert_array_equal(_others(labels, labels), np.array(naive, np.float32))
