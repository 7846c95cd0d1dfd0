import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import ModelRetry
from agentkit_tools import current_time
from agentkit_tools.cities import ABBREVIATIONS, CITIES
from agentkit_tools.clock import describe, find_zone

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def test_a_time_in_words() -> None:
    assert describe(datetime(2026, 3, 2, 14, 5)) == "14:05 on Monday 2 March 2026"


def test_current_time_is_now() -> None:
    before = datetime.now(UTC).replace(second=0, microsecond=0)
    told = datetime.strptime(current_time("UTC"), "%H:%M on %A %d %B %Y").replace(tzinfo=UTC)
    assert before <= told <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("place", "hour"),
    [
        ("Tokyo", 21),
        ("  new   york ", 7),
        ("São Paulo", 9),
        ("sao_paulo", 9),
        ("Zürich", 13),
        ("Köln", 13),
        ("ŁÓDŹ", 13),
        ("Europe/Paris", 13),
        ("europe/paris", 13),
        ("America/Argentina/Buenos_Aires", 9),
        ("UTC", 12),
        ("GMT", 12),
        ("PST", 4),
        ("Eastern time", 7),
        ("UTC+2", 14),
        ("gmt -5", 7),
        ("+05:30", 17),
        ("(GMT+5)", 17),
        ("GMT＋5", 17),
        ("GMT–5", 7),
        ("Etc/GMT+5", 7),
        ("etc/gmt-5", 17),
        ("Samoa", 1),
        ("American Samoa", 1),
        ("South Korea", 21),
        ("Seoul, South Korea", 21),
        ("San Francisco", 4),
        ("Washington, D.C.", 7),
        ("Mumbai", 17),
        ("Beijing", 20),
        ("Japan", 21),
        ("Germany", 13),
        ("Tokyo, Japan", 21),
        ("Boston, USA", 7),
        ("London, UK", 12),
        ("London, GB", 12),
        ("Calcutta, India", 17),
        ("Hong Kong, China", 20),
    ],
)
def test_places(place: str, hour: int) -> None:
    zone = find_zone(place)
    assert zone is not None and NOON.astimezone(zone).hour == hour


def test_local_is_the_zone_of_the_machine() -> None:
    assert find_zone("local") is None
    assert re.fullmatch(r"\d\d:\d\d on \w+day \d+ \w+ \d{4}", current_time("local"))


def test_summer_time_is_known() -> None:
    zone = find_zone("London")
    assert zone is not None and zone.utcoffset(datetime(2026, 7, 1, 12)) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("Toyko", "did you mean Tokyo"),
        ("Nowhere at all", "name a large city"),
        ("USA", "it has several, so name a city, such as New York"),
        ("Paris, Texas", "no time zone is known"),
        ("London, Ontario", "no time zone is known"),
        ("London, Canada", "no time zone is known"),
        ("Lima, USA", "no time zone is known"),
        ("Athens, South Africa", "no time zone is known"),
        ("UTC+99", "no offset in use"),
        ("GMT 5", "did you mean GMT"),
        ("", "name a large city"),
        ("../../etc/passwd", "no time zone is known"),
        ("/etc/localtime", "no time zone is known"),
        ("a" * 101, "too long"),
        ("Tokyo" * 10**6, "too long"),
    ],
)
def test_unknown_places_are_told(place: str, words: str) -> None:
    with pytest.raises(ModelRetry) as caught:
        current_time(place)
    assert words in str(caught.value)
    assert caught.value.argument == "place"


@pytest.mark.parametrize("table", [CITIES, ABBREVIATIONS])
def test_each_name_of_the_tables_leads_to_its_zone(table: dict[str, str]) -> None:
    for key, names in table.items():
        for name in names.split(","):
            zone, own = find_zone(name), find_zone(key)
            assert zone is not None and zone == own, name


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120))
def test_any_text_gives_a_time_or_a_reason(place: str) -> None:
    try:
        current_time(place)
    except ModelRetry as error:
        assert error.argument == "place"
