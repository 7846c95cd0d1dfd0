"""The current time anywhere, from the time zone database (`zoneinfo` with the `tzdata` package)."""

import difflib
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from agentkit import ModelRetry
from agentkit_tools.cities import ABBREVIATIONS, CITIES

MAX_LENGTH = 100

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])\s*([0-9]{1,2})(?::?([0-5][0-9]))?", re.ASCII)


def current_time(place: str) -> str:
    """Tell the current time in a city or time zone.

    Args:
        place: A city or time zone name.
    """
    return describe(datetime.now(find_zone(place)))


def describe(moment: datetime) -> str:
    """The moment in plain English, in its own time zone: "14:05 on Monday 3 March 2026"."""
    return f"{moment:%H:%M} on {_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def find_zone(place: str) -> tzinfo | None:
    """The zone of a city, country of one zone, zone name, abbreviation or offset; None for "local", the machine's own.

    Raises:
        ModelRetry: The place is unknown, or it has several zones.
    """
    if len(place) > MAX_LENGTH:
        raise ModelRetry(f"the place is too long: at most {MAX_LENGTH} characters", argument="place")
    written = re.sub("[−–—]", "-", unicodedata.normalize("NFKC", place)).lower().strip("() \t\r\n")
    offset = _OFFSET.fullmatch(written)
    if offset is not None:
        return _fixed(offset)
    name = _plain(place)
    if name in ("local", "here", "local time"):
        return None
    zone = _named(written) or _named(name) or _in_country(place)
    if zone is not None:
        return zone
    zones, countries = _zones(), _countries()
    if name in countries:
        hint = f"it has several, so name a city, such as {', '.join(_city(key) for key in countries[name][:5])}"
    elif near := dict.fromkeys(_city(zones[match]) for match in difflib.get_close_matches(name, zones, 3)):
        hint = f"did you mean {' or '.join(near)}?"
    else:
        hint = "name a large city, or a zone like Asia/Tokyo"
    raise ModelRetry(f"no time zone is known for {place!r}: {hint}", argument="place")


def _named(name: str) -> ZoneInfo | None:
    """The zone of a plain name; that of a country where all its zones show the same time now."""
    key = _zones().get(name)
    if key is None and len(_offsets(_countries().get(name, ()))) == 1:
        key = _countries()[name][0]
    return ZoneInfo(key) if key else None


def _in_country(place: str) -> ZoneInfo | None:
    """The zone of "Tokyo, Japan"; none of "Paris, Texas", since the Paris that is known is another."""
    city, _, country = map(_plain, place.partition(","))
    key = _zones().get(city)
    own = _countries().get(country) or (_zones().get(country, ""),)
    links = _links()
    return ZoneInfo(key) if key and links.get(key, key) in {links.get(zone, zone) for zone in own} else None


def _offsets(keys: tuple[str, ...]) -> set[timedelta | None]:
    now = datetime.now(UTC)
    return {now.astimezone(ZoneInfo(key)).utcoffset() for key in keys}


def _city(key: str) -> str:
    return key.rpartition("/")[2].replace("_", " ")


def _fixed(offset: re.Match[str]) -> tzinfo:
    delta = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
    if delta > timedelta(hours=14):
        raise ModelRetry(f"{offset[0]!r} is no offset in use: they go from -12:00 to +14:00", argument="place")
    return timezone(-delta if offset[1] == "-" else delta) if delta else UTC


def _plain(name: str) -> str:
    """Lower case letters and digits, parted by single spaces, without accents: "São_Paulo " -> "sao paulo"."""
    folded = unicodedata.normalize("NFKD", name.casefold().replace("ł", "l").replace("ø", "o"))
    letters = "".join(character for character in folded if not unicodedata.combining(character))
    return " ".join(re.sub(r"[\W_]+", " ", letters).split())


@cache
def _zones() -> dict[str, str]:
    """Plain name -> zone: full names, their last parts (the first in the alphabet wins), cities, abbreviations.

    Etc/GMT+5 and its like, which their signs tell apart, have their own name in lower case only.
    """
    keys = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    signed = [key for key in keys if re.search(r"[+-][0-9]", key)]
    zones = {key.lower(): key for key in signed}
    keys = [key for key in keys if key not in signed]
    for key in keys:
        if not key.startswith(("Brazil/", "Chile/", "Mexico/", "Factory")):  # Brazil/East, Mexico/General ...
            zones.setdefault(_plain(_city(key)), key)
    for table in (CITIES, ABBREVIATIONS):
        for key, names in table.items():
            zones.update((_plain(name), key) for name in names.split(","))
    zones.update((_plain(key), key) for key in keys)
    return zones


@cache
def _countries() -> dict[str, tuple[str, ...]]:
    """Plain country name -> its zones, the most populous first, from the database's own tables.

    What these call "Korea (South)" is South Korea, too.
    """
    folder = resources.files("tzdata").joinpath("zoneinfo")
    names = dict(_rows(folder.joinpath("iso3166.tab").read_text("utf-8"), 0, 1))
    zones: dict[str, list[str]] = {}
    for code, zone in _rows(folder.joinpath("zone.tab").read_text("utf-8"), 0, 2):
        for name in {names[code], re.sub(r"(.+) \((.+)\)", r"\2 \1", names[code])}:
            zones.setdefault(_plain(name), []).append(zone)
    for name in ("usa", "us", "america", "united states of america"):
        zones[name] = zones["united states"]
    zones["china"] = zones["china"] + zones["hong kong"] + zones["macau"]
    return {country: tuple(own) for country, own in zones.items()}


@cache
def _links() -> dict[str, str]:
    """Zones that are only another name -> the zone that they are."""
    table = resources.files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text("utf-8")
    links = (line.split() for line in table.splitlines() if line.startswith("L "))
    return {link: zone for _, zone, link in links}


def _rows(table: str, first: int, second: int) -> list[tuple[str, str]]:
    lines = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return [(fields[first], fields[second]) for fields in lines]
