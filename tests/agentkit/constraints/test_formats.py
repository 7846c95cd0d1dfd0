"""Formats: what is accepted passes every checker there is, and what people write is accepted."""

import calendar
import datetime
import ipaddress
import random
import uuid

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from agentkit.constraints import formats
from agentkit.constraints.dfa import ByteDFA
from agentkit.constraints.places import format_of

WRITTEN = {
    "date": ["2024-02-29", "1999-12-31", "0001-01-01"],
    "time": ["10:30:00Z", "23:59:59.123456+05:30"],
    "date-time": ["2024-05-01T10:30:00Z", "2024-02-29T00:00:00.5-08:00"],
    "duration": ["P1D", "PT1H30M", "P1Y2M3DT4H5M6S", "P2W", "PT0S"],
    "uuid": ["123e4567-e89b-12d3-a456-426614174000"],
    "uuid4": ["9b2a5c0e-3f6d-4c1b-8a7e-0d9f8e7c6b5a"],
    "ipv4": ["192.168.0.1", "0.0.0.0", "255.255.255.255"],
    "ipv6": ["::", "::1", "fe80::1", "2001:db8::8a2e:370:7334", "1:2:3:4:5:6:7:8", "1::8", "1:2:3:4:5:6:7::"],
    "ipvanyaddress": ["10.0.0.1", "::1"],
    "hostname": ["localhost", "example.com", "ec2-203-0-113-25.compute-1.amazonaws.com", "web-01", "node1.k8s"],
    "idn-hostname": ["example.com"],
    "email": ["ann@example.com", "first.last+tag@mail.example.co.uk"],
    "idn-email": ["ann@example.com"],
    "uri": [
        "https://example.com/a?b=c&d=%20#e",
        "http://127.0.0.1:65535/",
        "http://[::1]:11434/",
        "postgres://user:pw@db:5432/x",
        "mailto:a@b.org",
        "file:///tmp/x.txt",
    ],
    "iri": ["https://example.com"],
    "uri-reference": ["https://example.com", "/a/b", "a.html#top", "?q=1", ""],
    "iri-reference": ["../a"],
    "uri-template": ["https://example.com/{user}/files{?page,size}"],
    "json-pointer": ["", "/a/0/b~1c", "/é"],
    "relative-json-pointer": ["0#", "1/a/b", "0"],
    "regex": ["^[a-z]+$", "(?:a|b)*c{2}\\d+", "^(\\w+)@[^ ]+\\.com$", "[A-Z0-9_]"],
}
REFUSED = {
    "date": [
        "2023-02-29",
        "1900-02-29",
        "2024-04-31",
        "0000-01-01",
        "2024-13-01",
        "2024-1-1",
        "24-01-01",
        "2024-01-00",
    ],
    "time": ["10:30:00", "24:00:00Z", "10:60:00Z", "10:30Z", "10:30:00.1234567Z"],
    "date-time": ["2024-05-01", "2024-05-01T10:30:00", "2024-05-01 10:30:00Z", "2024-02-30T10:30:00Z"],
    "duration": ["", "P", "PT", "P1", "P1DT", "PT1H5S", "1D", "P1W2D"],
    "uuid": ["123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g"],
    "uuid4": ["123e4567-e89b-12d3-a456-426614174000"],
    "ipv4": ["256.0.0.1", "01.2.3.4", "1.2.3"],
    "ipv6": [":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "fe80::1%eth0"],
    "hostname": ["", "-a.com", "a..b", "a_b.com", "example.com."],
    "email": ["ann", "ann@localhost", "a..b@example.com", ".a@example.com", "a@b.test", "a b@example.com"],
    "uri": ["example.com", "http://", "https://a b.com", "https://-a.com", "//example.com", "https://example.com/%zz"],
    "json-pointer": ["a", "/~2"],
    "regex": ["(", "[", "a**", "*a"],
}
TYPES = {
    "date": datetime.date,
    "time": datetime.time,
    "date-time": datetime.datetime,
    "duration": datetime.timedelta,
    "uuid": uuid.UUID,
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
}


def words_of(dfa: ByteDFA, count: int) -> list[str]:
    """Random words; each state's ways are as likely, however many bytes they have."""
    number = random.Random(0)
    found = []
    for _ in range(count):
        state, word = 0, bytearray()
        stop = number.uniform(0.02, 0.5)
        while not (dfa.accepting[state] and (number.random() < stop or (dfa.table[state] < 0).all())):
            ways = dfa.table[state]
            state = number.choice(sorted({way for way in ways.tolist() if way >= 0}))
            word.append(number.choice(np.flatnonzero(ways == state).tolist()))
        found.append(word.decode())
    return found


@pytest.mark.parametrize("name", WRITTEN)
def test_what_people_write_is_accepted(name: str) -> None:
    dfa = formats.of(name)
    assert dfa is not None
    for text in WRITTEN[name]:
        assert dfa.accepts(text), text
    for text in REFUSED.get(name, []):
        assert not dfa.accepts(text), text


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_accepted_passes_the_checks(name: str) -> None:
    dfa = formats.of(name)
    assert dfa is not None
    checker = Draft202012Validator.FORMAT_CHECKER
    adapter = TypeAdapter(TYPES[name]) if name in TYPES else None
    for text in [*WRITTEN[name], *words_of(dfa, 300)]:
        assert checker.conforms(text, name), text
        if adapter:
            adapter.validate_strings(text)


@settings(deadline=None)
@given(st.dates())
def test_all_dates_and_no_others(date: datetime.date) -> None:
    dfa = formats.of("date")
    assert dfa is not None and dfa.accepts(date.isoformat())
    last = calendar.monthrange(date.year, date.month)[1]
    assert not dfa.accepts(f"{date:%Y-%m}-{last + 1}".rjust(10, "0"))


@given(st.ip_addresses())
def test_all_addresses(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    dfa = formats.of(f"ipv{address.version}")
    assert dfa is not None
    assert dfa.accepts(str(address))
    assert dfa.accepts(address.exploded)


def test_versions_of_uuids() -> None:
    dfa = formats.of("uuid4")
    assert dfa is not None
    for text in words_of(dfa, 50):
        assert uuid.UUID(text).version == 4
    assert dfa.accepts(str(uuid.uuid4()))


@pytest.mark.parametrize(("name", "text"), [("time", "10:30:00"), ("date-time", "2024-05-01T10:30:00")])
def test_times_may_be_local_and_without_seconds_where_pydantic_checks_them(name: str, text: str) -> None:
    asked = [{"format": name}, {"format": name, "x-offset": "optional"}, {"format": name, "x-offset": "none"}]
    strict, either, local = (formats.of(format_of(schema)) for schema in asked)
    assert strict is not None and either is not None and local is not None
    minute = text.removesuffix(":00")
    assert [dfa.accepts(minute) for dfa in (strict, either, local)] == [False, True, True]
    assert [dfa.accepts(f"{minute}Z") for dfa in (strict, either, local)] == [False, True, False]
    assert [dfa.accepts(text) for dfa in (strict, either, local)] == [False, True, True]
    assert [dfa.accepts(f"{text}Z") for dfa in (strict, either, local)] == [True, True, False]
    assert strict.minus(either).is_empty and local.minus(either).is_empty
    assert [dfa.accepts(text.replace("T", " ")) for dfa in (strict, either, local)] == [False, True, True]
    for word in words_of(either, 200):
        TypeAdapter(TYPES[name]).validate_strings(word)


def test_other_formats_are_not_known() -> None:
    assert formats.of("color") is None
    assert formats.of(format_of({"format": "password", "x-offset": "none"})) is None
