"""Values that stand in the conversation, and nothing else."""

import random
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import Field

import agentkit_model
from agentkit import Grounded, Tool, ToolMessage, ToolResult, UserMessage
from agentkit.constraints import grounding
from agentkit.constraints.automaton import Automaton
from agentkit.constraints.dfa import ByteDFA
from agentkit.constraints.grounding import CUT, LISTED, LONGEST_TEXT, PARTED, QUOTED, SIGN, UNENDED, Words, ground
from agentkit.constraints.nodes import Number
from agentkit.constraints.scalars import number_bytes
from agentkit.dialects import Gemma4, Tokenizer
from agentkit.models.hold import said
from tests.agentkit.constraints.paths import Walker

TOKENIZER = Tokenizer.from_file(Path(agentkit_model.__file__).parent / "bundled" / "tokenizer.json")
DIALECT = Gemma4(TOKENIZER)


def book(city: Annotated[str, Grounded()], nights: Annotated[int, Grounded()] = 1, note: str = "") -> None:
    """Book a room."""


def grounded(*texts: str, cost: float | None = None, tool: Any = book) -> Automaton:
    return ground(DIALECT.call_automaton(Tool(tool).definition), Words(TOKENIZER, texts), TOKENIZER, cost=cost)


def takes(automaton: Automaton, **arguments: object) -> bool:
    return Walker(automaton).accepts(DIALECT.render_call("book", arguments))


def test_a_declared_string_is_a_run_of_whole_words_of_the_conversation() -> None:
    held = grounded("Book 3 nights in New York (near St. John's), please!")
    for city in ("New York", "York", "St", "St. John's", "3 nights", "New York (near St. John's)"):
        assert takes(held, city=city), city
    for city in ("", "New Yor", "ork", "Paris", "new york", "!", ", please"):
        assert not takes(held, city=city), city


@pytest.mark.parametrize(
    ("city", "cuts"),
    [
        ("my_tower.stl", 0),
        ("my_tower", 1),
        ("stl", 1),
        ("19:30", 0),
        ("30", 1),
        ("home", 2),
        ("me@home.org", 0),
        ("C4", 0),
        ("C4, please", 0),
        ("Ann", 0),
        ("print my_tower.stl at 19", 1),
    ],
)
def test_what_signs_hold_together_is_cut_at_a_cost(city: str, cuts: int) -> None:
    held = grounded("print my_tower.stl at 19:30 for me@home.org in C4, please. Ann's")
    assert Walker(held).cost(DIALECT.render_call("book", {"city": city})) == cuts * CUT


@pytest.mark.parametrize(
    ("text", "value", "signs"),
    [
        ("Call (555) 123-4567 now", "(555) 123-4567", 1),
        ("Add milk for tea?", "tea", 0),
        ("Add milk for tea?", "tea?", 1),
        ("Post What's up? please", "What's up?", 1),
        ("Post ¿Dónde está? please", "¿Dónde está?", 2),
        ("Buy Yahoo! shares of Acme Inc. in the U.S. now", "Yahoo!", 1),
        ("Buy Yahoo! shares of Acme Inc. in the U.S. now", "the U.S.", 1),
        ("Run SELECT * FROM t; now", "SELECT * FROM t;", 1),
        ("Print a[0] and <b>hi</b> of [draft] report", "a[0]", 1),
        ("Print a[0] and <b>hi</b> of [draft] report", "<b>hi</b>", 2),
        ("Print a[0] and <b>hi</b> of [draft] report", "[draft] report", 1),
        ("Open https://x.org/a?b=c&d=[1], please", "https://x.org/a?b=c&d=[1]", 1),
        ('Send {"a": 1} and :smile: now', '{"a": 1}', 2),
        ('Send {"a": 1} and :smile: now', ":smile:", 2),
        (r"List **/*.ts in \\server\share by ^a$", "**/*.ts", 1),
        (r"List **/*.ts in \\server\share by ^a$", r"\\server\share", 1),
        (r"List **/*.ts in \\server\share by ^a$", "^a$", 2),
    ],
)
def test_a_sign_of_the_sentence_is_taken_at_a_cost(text: str, value: str, signs: int) -> None:
    assert Walker(grounded(text)).cost(DIALECT.render_call("book", {"city": value})) == signs * SIGN


@pytest.mark.parametrize(
    ("city", "nats"),
    [
        ("New York City", 0.0),
        ("New York", PARTED),
        ("York City", PARTED),
        ("York", 2 * PARTED),
        ("Oslo", 0.0),
        ("Ann", 0.0),
        ("flight", 0.0),
        ("flight to", UNENDED),
        ("the", UNENDED),
        ("to", UNENDED),
        ("as it is", 0.0),
        ("to New York City, I", 0.0),
    ],
)
def test_a_run_that_goes_on_ends_at_a_cost(city: str, nats: float) -> None:
    held = grounded("Tell Ann: Book the flight to New York City, I say. Oslo Airport as it is")
    assert Walker(held).cost(DIALECT.render_call("book", {"city": city})) == nats


@pytest.mark.parametrize(
    ("text", "city", "nats"),
    [
        ('the subject "Are you in Oslo?", now', "Are you in Oslo?", SIGN),
        ('the subject "Are you in Oslo?", now', "Are you", QUOTED),
        ('the subject "Are you in Oslo?", now', "you", 2 * QUOTED),
        ("call \N{LEFT DOUBLE QUOTATION MARK}Hey you\N{RIGHT DOUBLE QUOTATION MARK}", "Hey", QUOTED),
        ("call \N{LEFT DOUBLE QUOTATION MARK}Hey you\N{RIGHT DOUBLE QUOTATION MARK}", "Hey you", 0.0),
        ("text +49 176 now", "49 176", CUT),
        ("text +49 176 now", "+49 176", 0.0),
        ("ring 0151 2233 now", "0151", CUT),
        ("what is 6 * (3 - 2) now", "6", CUT),
        ("what is 6 * (3 - 2) now", "6 * (3 - 2)", 0.0),
        ("what is 6 plus 3 now", "6", CUT),
    ],
)
def test_what_is_held_together_is_parted_at_a_cost(text: str, city: str, nats: float) -> None:
    assert Walker(grounded(text)).cost(DIALECT.render_call("book", {"city": city})) == nats


def test_plain_words_belong_together_where_it_is_known_what_speaks_of_the_tools() -> None:
    def cost(known: frozenset[str] | None, city: str) -> float:
        words = Words(TOKENIZER, ["book the harbor lodge suite"], known)
        held = ground(DIALECT.call_automaton(Tool(book).definition), words, TOKENIZER)
        return Walker(held).cost(DIALECT.render_call("book", {"city": city}))

    assert cost(frozenset(), "harbor") == cost(frozenset(), "lodge suite") == PARTED
    assert cost(frozenset(), "lodge") == 2 * PARTED and cost(frozenset(), "harbor lodge suite") == 0.0
    assert cost(frozenset({"suit"}), "harbor lodge") == 0.0
    assert cost(None, "lodge") == 0.0


def invite(names: Annotated[list[str], Grounded()], note: str = "") -> None:
    """Invite people."""


@pytest.mark.parametrize(
    ("names", "nats"),
    [
        (["Ann", "Bo", "Cy"], 0.0),
        (["Ann", "Bo"], LISTED),
        (["Ann"], LISTED),
        (["Cy", "Ann", "tea"], 0.0),  # which ones is not told
        (["Ann", "Bo and Cy"], LISTED),
        (["Ann, Bo and Cy"], 2 * LISTED),
        (["tea"], 0.0),
        ([], 0.0),
    ],
)
def test_a_list_that_goes_on_costs_something_where_it_stops(names: list[str], nats: float) -> None:
    held = grounded("Ask Ann, Bo and Cy to tea", tool=invite)
    for more in ({}, {"note": "now"}):
        assert Walker(held).cost(DIALECT.render_call("invite", {"names": names, **more})) == nats


def test_a_list_that_is_full_may_stop() -> None:
    def pair(names: Annotated[list[Annotated[str, Grounded()]], Field(max_length=2)]) -> None:
        """Invite two people."""

    held = grounded("Ask Ann, Bo and Cy to tea", tool=pair)
    for names, nats in ((["Ann", "Bo"], 0.0), (["Ann"], LISTED)):
        assert Walker(held).cost(DIALECT.render_call("pair", {"names": names})) == nats


def work_out(expression: str, note: Annotated[str, Grounded()] = "") -> None:
    """Work it out."""


def test_arithmetic_that_is_said_may_be_written() -> None:
    held = grounded("what is two times 3 plus 4", tool=work_out, cost=100.0)
    for written, nats in (("2 * 3 + 4", 0.0), ("two times 3 plus 4", 0.0), ("2 * 3", None), ("7", None)):
        found = Walker(held).cost(DIALECT.render_call("work_out", {"expression": written}))
        assert found >= 100.0 if nats is None else found == nats
    assert held.words is not None
    assert not Walker(held).accepts(DIALECT.render_call("work_out", {"expression": "1", "note": "2 * 3 + 4"}))


def test_a_declared_number_stands_in_the_conversation() -> None:
    held = grounded("1,250 people for 007 nights at 19.50, -3 degrees")
    for nights in (1250, 7, -3):
        assert takes(held, city="people", nights=nights), nights
    for nights in (19, 50, 8, 0):
        assert not takes(held, city="people", nights=nights), nights


def weigh(amount: Annotated[float, Grounded()], count: Annotated[int, Grounded()] = 1) -> None:
    """Weigh something."""


def test_signs_and_symbols_that_belong_to_a_word_are_taken_with_it() -> None:
    for text, value in (
        ("Delete the file .env, please.", ".env"),
        ("Delete ./build/*.py", "./build/*.py"),
        ("Remove *.log now", "*.log"),
        ("React with \N{THUMBS UP SIGN} to this", "\N{THUMBS UP SIGN}"),
        ("It costs \N{INDIAN RUPEE SIGN}50", "\N{INDIAN RUPEE SIGN}50"),
    ):
        assert takes(grounded(text), city=value), value
    assert not takes(grounded("It ends. Then Rome"), city=". Then")
    assert not takes(grounded("Rome... or Nice"), city="... or Nice")


def numbers(text: str, node: Number) -> set[str]:
    """What a number may be where a text was said."""
    return {written for written, _ in Words(TOKENIZER, [text]).numbers(number_bytes(node)[0])}


def test_a_number_may_be_said_in_words() -> None:
    """As `test_spelled` has them."""
    assert numbers("put two bags of rice, 500 g each, for twenty-five people", Number()) == {"2", "500", "25"}
    assert takes(grounded("two nights in Rome"), city="Rome", nights=2)
    assert not takes(grounded("two nights in Rome"), city="Rome", nights=3)


@pytest.mark.parametrize(
    ("text", "amounts", "counts"),
    [
        ("Pay 99.90 to Anna", "99.9", ""),
        ("Pay Bob 3.00 for 2 coffees", "3 3.0 2", "3 2"),
        ("3.5kg in a 2.5h meeting, 4x", "3.5 2.5 4", "4"),
        ("1,500kg or -2kg at \N{MINUS SIGN}5°, 5-10 people", "1500 1 500 -2 -5 5 10", "1500 1 500 -2 -5 5 10"),
        ("1,2,640,480 or [-100,200]", "1 2 640 480 2640480 -100 200 -100200", "1 2 640 480 2640480 -100 200 -100200"),
        ("$1,500 of 2,000, 100,200,000", "1500 2000 100200000", "1500 2000 100200000"),
        ("1,500.00 or 100,200,300.5", "1500 1500.0 100200300.5", "1500"),
        ("1,250,300.750 of .5 or 007", "1250300.75 0.5 7", "7"),
        ("1.500,00 EUR, 1.250.000 EUR, 2.500,5", "1500 1500.0 1250000 2500.5", "1500 1250000"),
        ("at 19:30 on 2026-11-28 or 28.10.2026", "19 30 2026 11 28 10", "19 30 2026 11 28 10"),
        ("v2, C4, rooms 1,2,3 of 1.2.4", "2 4 1 3", "2 4 1 3"),
        ("\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}", "12", "12"),
        ("-0.0 and 0.00", "0 0.0", "0"),
        ("1,5 kg for 5,10 at most", "1 5 1.5 10 5.1", "1 5 10"),
        (
            "1 500 000 people, 1\u202f200 rooms, room 12 100",
            "1 500 0 1500000 200 1200 12 100",
            "1 500 0 1500000 200 1200 12 100",
        ),
    ],
)
def test_a_number_is_no_part_of_another(text: str, amounts: str, counts: str) -> None:
    assert numbers(text, Number()) == set(amounts.split())
    assert numbers(text, Number(integer=True)) == set(counts.split())


@settings(deadline=None)
@given(
    st.decimals(-(10**8), 10**8, places=4),
    st.integers(0, 4),
    st.sampled_from(["", ","]),
    st.sampled_from(["", "€", "about ", "(", "7 "]),
    st.sampled_from(["", "kg", " km", "%", ".", ", please", ")", "-day", ":", "°"]),
)
def test_every_number_said_is_taken_as_itself(
    number: Decimal, places: int, thousands: str, before: str, behind: str
) -> None:
    number = round(number, places)
    written = f"{number:{thousands}.{places}f}"
    parts = set(map(Decimal, written.split(","))) if "," in written and "." not in written else set()
    for text in (written, written.replace("-", "\N{MINUS SIGN}")):
        found = {Decimal(taken) for taken in numbers(before + text + behind, Number())}
        alone = {number} | ({Decimal(7)} if before == "7 " else set())
        assert alone <= found <= alone | parts
        whole = {int(number)} if number == int(number) else set()
        assert whole <= {int(taken) for taken in numbers(text + behind, Number(integer=True))} <= whole | parts


def test_an_amount_is_written_as_a_call_writes_it() -> None:
    held = grounded("Pay 99.90 or 3.00", tool=weigh)
    for amount in (99.9, 3.0, 3):
        assert Walker(held).accepts(DIALECT.render_call("weigh", {"amount": amount, "count": 3})), amount
    for amount in (99, 90, 9.9, 99990, 0):
        assert not Walker(held).accepts(DIALECT.render_call("weigh", {"amount": amount})), amount


def test_an_undeclared_value_stays_free_unless_it_is_inferred() -> None:
    held = grounded("Oslo")
    assert takes(held, city="Oslo", note="anything at all")
    slot = next(slot for slot in DIALECT.call_automaton(Tool(book).definition).slots if not slot.declared)
    inferred = grounded("Oslo", cost=5.0)
    assert takes(inferred, city="Oslo", note="anything at all")
    assert slot.kind == "string"
    assert sorted(set(inferred.cost.tolist())) == [0.0, 5.0]


def test_an_inferred_value_is_said_as_a_whole_or_costs_as_a_whole() -> None:
    held = Walker(grounded("Lucas Ward took the saw", cost=5.0))

    def cost(note: str) -> float:
        return held.cost(DIALECT.render_call("book", {"city": "saw", "note": note}))

    assert cost("Lucas Ward") == 0.0
    for note in ("LuLucas Ward", "a Ward", "Lucas Warden"):
        assert cost(note) == 5.0 * (len(TOKENIZER.encode(note)) + 1)  # the closing quote as well


def test_where_nothing_fits_the_schema_the_value_is_free() -> None:
    assert takes(grounded("", "..."), city="Oslo")
    assert takes(grounded("no number here"), city="number", nights=12)


def test_a_grounded_value_keeps_to_its_schema() -> None:
    def book(city: Annotated[str, Grounded()], nights: int = 1, note: str = "") -> None: ...

    tool = Tool.from_schema(
        book,
        name="book",
        description="",
        json_schema={
            "type": "object",
            "properties": {
                "city": {"type": "string", "maxLength": 5, "x-grounded": True},
                "nights": {"type": "integer", "maximum": 9, "x-grounded": True},
            },
            "required": ["city"],
        },
    )
    held = ground(DIALECT.call_automaton(tool.definition), Words(TOKENIZER, ["12 in Oslo or Kopenhagen 4"]), TOKENIZER)
    assert takes(held, city="Oslo", nights=4)
    assert not takes(held, city="Kopenhagen")
    assert not takes(held, city="Oslo", nights=12)


def of_city(schema: dict[str, Any]) -> Automaton:
    """The calls of "book" whose only argument is a declared string."""
    city = {"type": "string", "x-grounded": True, **schema}
    whole = {"type": "object", "properties": {"city": city}, "required": ["city"]}
    return DIALECT.call_automaton(Tool.from_schema(book, name="book", description="", json_schema=whole).definition)


def cities(schema: dict[str, Any], words: Words) -> set[str]:
    """All the strings that it takes from some words; none where it is free."""
    automaton = ground(of_city(schema), words, TOKENIZER)
    assert automaton.values is not None
    if (automaton.values < 0).all():
        return set()
    walker, found = Walker(automaton), set()
    waiting: list[tuple[int, tuple[int, ...]]] = [(automaton.start, ())]
    for state, tokens in waiting:
        if state == automaton.final:
            arguments = DIALECT.parse(tokens).calls[0].arguments
            assert arguments is not None
            found.add(str(arguments["city"]))
        waiting += [(target, (*tokens, token)) for target, label in walker.edges[state] for token in walker.sets[label]]
    return found


def begins(text: str, at: int) -> bool:
    """Whether a run may begin there: at a sign only if it doesn't just end what stands before it, or begins a name."""
    ending = at > 0 and text[at - 1] != " " and not text[at + 1 : at + 2].isalnum()
    name = text[at - 1] in ":/" and re.match(r"\.\.?/|\.\.[abé]", text[at:])
    return text[at] not in ".:)" or not ending or bool(name)


@settings(deadline=None)
@example("a).a")
@example("a://1")
@given(st.text("ab1.-@:/)é ", min_size=1, max_size=14))
def test_a_string_takes_every_run_of_whole_words_and_nothing_else(text: str) -> None:
    words = [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]
    runs = {
        text[start:end]
        for start, _ in words
        for _, end in words
        if start < end and begins(text, start) and re.search(r"[\w/)]", text)
    }
    spoken = Words(TOKENIZER, [text])
    held = ground(of_city({}), spoken, TOKENIZER)
    assert cities({}, spoken) == runs
    assert all(takes(held, city=run) for run in runs)


@settings(deadline=None)
@given(
    st.text("ab1.-@:/)é ", min_size=1, max_size=14),
    st.sampled_from(
        [
            {"minLength": 2},
            {"maxLength": 5},
            {"minLength": 3, "maxLength": 7},
            {"pattern": "a"},
            {"pattern": r"^\d+$"},
            {"format": "email"},
            {"pattern": "^[ -~]*$"},
            {"not": {"const": "a"}},
        ]
    ),
)
def test_a_string_with_a_pattern_takes_the_runs_that_the_pattern_accepts(text: str, schema: dict[str, Any]) -> None:
    words, free = Words(TOKENIZER, [text]), of_city(schema)
    pattern = free.slots[0].pattern
    assert isinstance(pattern, ByteDFA)
    runs = {run for run in cities({}, words) if pattern.accepts(run)}
    held = ground(free, words, TOKENIZER)
    assert cities(schema, words) == runs
    assert all(takes(held, city=run) for run in runs)


def test_what_a_pattern_takes_shares_its_states() -> None:
    words = Words(TOKENIZER, ["Please put tea, milk and 12 lemons of me@home.org on the list at 19:30. " * 12])

    def added(schema: dict[str, Any]) -> int:
        free = of_city(schema)
        return ground(free, words, TOKENIZER).size - free.size

    assert added({"minLength": 1}) == added({})
    assert added({"pattern": "a"}) < 2 * added({})
    assert added({"minLength": 3}) < 2 * added({})
    assert added({"maxLength": 40}) < 12 * added({})
    assert 0 < added({"format": "email"}) < 40 * 12


def test_what_signs_hold_together_may_be_cut_for_a_pattern() -> None:
    words = Words(TOKENIZER, ["at 19:30"])

    def cost(schema: dict[str, Any]) -> float:
        return Walker(ground(of_city(schema), words, TOKENIZER)).cost(DIALECT.render_call("book", {"city": "30"}))

    assert cost({"pattern": r"^\d+$"}) == cost({"maxLength": 2}) == 0.0
    assert cost({"minLength": 1}) == cost({}) == CUT


def test_a_pattern_decides_what_a_run_begins_and_ends_with() -> None:
    for text, pattern, value in (
        ("Call (555) 123-4567 now", r"^\(\d{3}\) \d{3}-\d{4}$", "(555) 123-4567"),
        ("Find all tower.stl files", r"^\.\w+$", ".stl"),
        ("Split it at ; please", "^[,;|]$", ";"),
    ):
        assert cities({"pattern": pattern}, Words(TOKENIZER, [text])) == {value}


def test_the_declaration_says_nothing_of_grounding() -> None:
    assert Tool(book).parameters["properties"]["city"] == {"type": "string", "x-grounded": True}
    shown = TOKENIZER.decode(DIALECT.render_tool(Tool(book).definition), markers=True)
    assert "grounded" not in shown


def test_sources_are_users_and_tools_or_less() -> None:
    result = ToolResult("a", "find", {"names": ["Ada", None], "count": 2, "found": True})
    messages = [UserMessage("one"), ToolMessage((result,)), UserMessage("two")]
    assert said(messages) == ["one", "Ada", "2", "two"]
    assert said(messages, "user") == ["one", "two"]
    assert said(messages, "request") == ["two"]


def test_of_a_long_conversation_the_end_counts() -> None:
    words = Words(TOKENIZER, ["first " + "xyz " * LONGEST_TEXT, "the last words"])
    assert words.texts[0] == "the last words"
    assert LONGEST_TEXT - 4 < sum(map(len, words.texts)) <= LONGEST_TEXT
    held = grounded("word " * 3000)
    assert held.size < 20_000


@pytest.mark.parametrize("last", ["word", "12,345.67", "cafe\u0301", "दिल्ली"])
def test_a_long_conversation_is_not_cut_within_a_word_or_a_number(last: str) -> None:
    for length in range(len(last) + 2):
        rest = "!" + " " * (LONGEST_TEXT - length - 1)
        whole = length >= len(last)
        assert Words(TOKENIZER, [f"at {last}{rest}"]).texts[0].lstrip() == (last if whole else "") + rest
    assert Words(TOKENIZER, ["雨" * (LONGEST_TEXT + 1)]).texts == ("雨" * LONGEST_TEXT,), "any letter may begin a word"


@pytest.mark.parametrize(
    ("text", "words", "no_words"),
    [
        ("मौसम दिल्ली में", "मौसम दिल्ली में", "दिल दिल्ल ल्ली म"),
        (
            "un cafe\u0301 a\u0300 Zu\u0308rich-Nord",
            "cafe\u0301 a\u0300 Zu\u0308rich Zu\u0308rich-Nord",
            "cafe a Zu rich",
        ),
        ("قال مُحَمَّد", "قال مُحَمَّد", "مُح م د"),
        ("می\u200cخواهم", "می\u200cخواهم", "می خواهم"),
        ("明天北京会下雨吗", "明天 北京 北京会下雨吗 明天北京会下雨吗", "明京"),
        ("東京2025年にiPhoneを買う", "東京 2025 2025年 iPhone 買う", "20 25年 Phone"),
        ("ไปเที่ยวกรุงเทพ", "เที่ยว กรุงเทพ ไปเที่ยว", "ยวกร ที"),
    ],
)
def test_a_word_is_what_it_is_in_its_script(text: str, words: str, no_words: str) -> None:
    held = grounded(text)
    for word in words.split():
        assert takes(held, city=word), word
    for word in no_words.split():
        assert not takes(held, city=word), word


def test_in_scripts_without_spaces_words_are_found_within_a_sentence() -> None:
    words = Words(TOKENIZER, ["明天北京会下雨吗"])
    assert words.said(["上海", "北京"]).keys() == {"北京"}
    assert len(words.taken(["北京"])) == 2


def test_where_the_runs_of_a_pattern_are_too_many_the_short_ones_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grounding, "_MOST_SPOTS", 70)
    words, free = Words(TOKENIZER, ["明天北京会下雨吗"]), of_city({"maxLength": 100})
    held = ground(free, words, TOKENIZER)
    assert held.size - free.size <= 70
    assert takes(held, city="北京")
    assert not takes(held, city="明天北京会下雨吗")


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40))
def test_every_path_is_a_part_of_the_text(text: str) -> None:
    """Whatever the text holds: markers, quotes, other scripts."""
    held = grounded(text)
    for seed in range(3):
        tokens = Walker(held).path(random.Random(seed))
        (call,) = DIALECT.parse(tokens).calls
        assert call.arguments is not None
        if any(character.isalnum() for character in text):
            assert call.arguments["city"] in text


@pytest.mark.parametrize("text", ["a b c", "Zürich ☕ 12", "x_y-z"])
def test_every_word_can_be_a_value(text: str) -> None:
    held = grounded(text)
    for word in text.replace("☕", "").split():
        assert takes(held, city=word), word


def claims(automaton: Automaton, values: Words) -> dict[int, set[str]]:
    """The words that edges write, by value."""
    assert automaton.values is not None and automaton.words is not None
    spelled = {values.word((number, at)): text[:at].split()[-1] for number, text in enumerate(values.texts)
               for at in range(1, len(text) + 1) if at == len(text) or text[at] == " "}  # fmt: skip
    found: dict[int, set[str]] = {}
    for value, word in zip(automaton.values.tolist(), automaton.words.tolist(), strict=True):
        if word >= 0:
            found.setdefault(value, set()).add(spelled[word])
    return found


def test_every_edge_says_which_word_it_writes_into_which_value() -> None:
    words = Words(TOKENIZER, ["Oslo 2 nights", "room 12"])
    held = ground(DIALECT.call_automaton(Tool(book).definition), words, TOKENIZER, cost=8.0)
    said = {"Oslo", "2", "nights", "room", "12"}
    assert sorted(claims(held, words).values(), key=len) == [{"2", "12"}, said, said]


def test_a_word_said_twice_is_two_words() -> None:
    words = Words(TOKENIZER, ["tea or tea"])
    assert len({words.word((0, 3)), words.word((0, 10))}) == 2
    assert words.word((0, 4)) == -1, "a space is no word"


def test_what_stands_in_the_call_already_is_taken() -> None:
    words = Words(TOKENIZER, ["soup in Nice, soup", "12.5 for Ada and Ada's soup"])
    city, ada = words.word((1, 12)), words.word((0, 12))
    assert words.taken(["Nice"]) == {city}
    assert words.taken(["soup"]) == set(), "it was said more than once"
    assert len(words.taken(["soup", "soup", "soup"])) == 3
    assert words.taken(["Ada", "Ada"]) >= {ada}
    assert words.taken(["ice", "", "12"]) == {words.word((0, 2))}
    automaton = DIALECT.call_automaton(Tool(book).definition)
    held = ground(automaton, words, TOKENIZER, taken=dict.fromkeys(words.taken(["Nice"]), 16.0))
    dearer = held.cost - ground(automaton, words, TOKENIZER).cost
    assert held.words is not None
    assert set(dearer[held.words == city].tolist()) == {16.0}
    assert set(dearer[held.words != city].tolist()) == {0.0}


def test_words_are_found_by_their_stems() -> None:
    words = Words(TOKENIZER, ["12 Rooms", "Cleaning the rooms, clean@room.org"])
    assert words.texts == ("Cleaning the rooms, clean@room.org", "12 Rooms"), "the latest first"
    assert words.like({"clean", "nothing"}) == {words.word((0, 8))}
    rooms = {words.word((0, 18)), words.word((1, 8))}
    assert words.like({"clean", "room"}) == {words.word((0, 8))} | rooms, "what signs join is no word by itself"
    assert words.like(set()) == set()
    assert Words(TOKENIZER, ["明天北京"]).like({"明天"}) == set()


def test_a_word_is_described_by_the_one_before_it() -> None:
    words = Words(TOKENIZER, ["front door, the door, Front door, front-door"])
    doors = [words.word((0, at)) for at in (10, 20, 32, 44)]
    assert words.described({*doors}) == {doors[0]}
    assert words.described({words.word((0, 1))}) == set(), "nothing stands before it"


def test_a_choice_that_was_spoken_of_is_preferred() -> None:
    schema = {"type": "object", "properties": {"state": {"enum": ["on", "off", "dim"]}}, "required": ["state"]}
    tool = Tool.from_schema(book, name="book", description="", json_schema=schema)
    call = DIALECT.call_automaton(tool.definition)

    def costs(*texts: str) -> dict[str, float]:
        held = ground(call, Words(TOKENIZER, texts), TOKENIZER, cost=8.0)
        (slot,) = call.slots
        return {option: float(held.cost[edge]) for option, edge in slot.options}

    assert costs("Lights ON, please") == {"on": 0.0, "off": 8.0, "dim": 8.0}
    assert costs("turn on or off?") == {"on": 0.0, "off": 0.0, "dim": 8.0}
    assert costs("turn off", "and now dim it") == {"on": 8.0, "off": 8.0, "dim": 0.0}, "the latest text counts"
    assert costs("the office, Ondine") == {"on": 0.0, "off": 0.0, "dim": 0.0}
    held = ground(call, Words(TOKENIZER, ["dim"]), TOKENIZER)
    assert set(held.cost.tolist()) == {0.0}, "only where grounding is inferred"
    words = Words(TOKENIZER, ["dim, but not on or on, off"])
    held = ground(call, words, TOKENIZER, cost=8.0)
    assert held.words is not None
    assert {*held.words.tolist()} == {-1, words.word((0, 3)), words.word((0, 25))}, "what is said once, it takes"
    assert takes(ground(call, Words(TOKENIZER, ["dim"]), TOKENIZER, cost=8.0), state="off")


def exchange(amount: float, source: str, target: str = "EUR") -> None:
    """Change money into another currency."""


def test_the_code_of_a_currency_that_was_said_is_as_good_as_its_name() -> None:
    def cost(text: str, source: str, **more: object) -> float:
        held = grounded(text, cost=8.0, tool=exchange)
        return Walker(held).cost(DIALECT.render_call("exchange", {"amount": 20, "source": source, **more}))

    for source in ("KRW", "won"):
        assert cost("20 won to PLN", source, target="PLN") == 0, source
        assert cost("exchange 20 won", source, target="won") == 0, source
    assert cost("20 won to PLN", "CNY", target="PLN") >= 8
    assert cost("exchange 20 $", "USD", target="USD") == 0


def test_the_code_of_a_currency_is_no_part_of_the_conversation() -> None:
    assert takes(grounded("20 won"), city="won")
    assert not takes(grounded("20 won"), city="KRW"), "a declared value stands there"


def test_the_code_of_a_currency_is_taken_where_a_pattern_asks_for_codes() -> None:
    parameter = {"type": "string", "pattern": "^[A-Z]{3}$"}
    schema = {"type": "object", "properties": {"city": parameter}, "required": ["city"]}
    tool = Tool.from_schema(book, name="book", description="", json_schema=schema)
    held = ground(DIALECT.call_automaton(tool.definition), Words(TOKENIZER, ["20 won"]), TOKENIZER, cost=8.0)
    assert Walker(held).cost(DIALECT.render_call("book", {"city": "KRW"})) == 0
    assert Walker(held).cost(DIALECT.render_call("book", {"city": "CNY"})) >= 8
    assert held.words is not None
    assert {*held.words.tolist()} == {-1, 1}, "it takes the word that says it; no run fits"


def test_a_choice_of_codes_is_spoken_of_by_name() -> None:
    assert Words(TOKENIZER, ["20 won"]).said(["KRW", "EUR"]) == {"KRW": 1}
    assert Words(TOKENIZER, ["won, or KRW"]).said(["KRW", "EUR"]) == {"KRW": -1}
