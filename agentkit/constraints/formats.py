"""JSON Schema's `format` as automata; `places.format_of` tells those that have no name there.

Each accepts a natural part of what the format allows. All of it passes jsonschema's checkers, those that come with
optional packages included, and pydantic's types for dates, times, durations, UUIDs and addresses.
"""

from __future__ import annotations

from functools import lru_cache

from agentkit.constraints import regex
from agentkit.constraints.dfa import ByteDFA


@lru_cache(maxsize=64)
def of(name: str) -> ByteDFA | None:
    """What a text of this format may be; None for a name that is not known here: then anything goes."""
    pattern = _PATTERNS.get(name)
    if pattern is None:
        return None
    found = regex.compile(f"^(?:{pattern})$")
    if name in _LENGTHS:
        found = found.intersect(regex.compile(_LENGTHS[name]))
    return found.minus(regex.compile(_NO_MAIL)) if name in ("email", "idn-email") else found


# Dates of the years 1 to 9999, with the days that their months have.
_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_LEAP = "(?:0[48]|[2468][048]|[13579][26])"  # two digits that four divides, without 00
_LEAP_YEAR = f"(?:[0-9]{{2}}{_LEAP}|{_LEAP}00)"
_DAY_28 = "(?:0[1-9]|1[0-9]|2[0-8])"
_DAY = f"(?:(?:0[13-9]|1[0-2])-(?:{_DAY_28}|29|30)|(?:0[13578]|1[02])-31|02-{_DAY_28})"
_DATE = f"(?:{_YEAR}-{_DAY}|{_LEAP_YEAR}-02-29)"

_MINUTE = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SECOND = ":[0-5][0-9](?:\\.[0-9]{1,6})?"
_CLOCK = f"{_MINUTE}{_SECOND}"
_LOOSE_CLOCK = f"{_MINUTE}(?:{_SECOND})?"  # as pydantic has it, with a space for the T: as it was said
_OFFSET = "(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"

# Durations (RFC 3339, appendix A): no unit between two others is left out.
_COUNT = "(?:0|[1-9][0-9]{0,3})"
_MINUTES = f"{_COUNT}M(?:{_COUNT}S)?"
_TIME = f"T(?:{_COUNT}H(?:{_MINUTES})?|{_MINUTES}|{_COUNT}S)"
_MONTHS = f"{_COUNT}M(?:{_COUNT}D)?"
_DURATION = f"P(?:(?:{_COUNT}Y(?:{_MONTHS})?|{_MONTHS}|{_COUNT}D)(?:{_TIME})?|{_TIME}|{_COUNT}W)"

_HEX = "[0-9a-fA-F]"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = f"(?:{_OCTET}(?:\\.{_OCTET}){{3}})"


def _uuid(version: str = _HEX, variant: str = _HEX) -> str:
    return f"{_HEX}{{8}}-{_HEX}{{4}}-{version}{_HEX}{{3}}-{variant}{_HEX}{{3}}-{_HEX}{{12}}"


def _groups(least: int, most: int) -> str:
    """So many groups of an IPv6 address."""
    if not most:
        return ""
    some = f"{_HEX}{{1,4}}(?::{_HEX}{{1,4}}){{{max(least, 1) - 1},{most - 1}}}"
    return some if least else f"(?:{some})?"


_IPV6 = "|".join([_groups(8, 8), *(f"{_groups(before, before)}::{_groups(0, 7 - before)}" for before in range(8))])

_LABEL = "[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
_LAST_LABEL = "[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*"  # no number, so that an address is none
_HOST = f"(?:(?:{_LABEL}\\.)*{_LAST_LABEL})"
_NAME = "[A-Za-z0-9_%+-]+"
_EMAIL = f"{_NAME}(?:\\.{_NAME})*@(?:{_LABEL}\\.)+[A-Za-z]{{2,24}}"
_NO_MAIL = "(?i:[.](?:test|local|localhost|invalid|onion|arpa)$)"  # reserved by RFC 6761

# URIs (RFC 3986) with a host, and those of some schemes without.
_ESCAPED = f"%{_HEX}{{2}}"
_UNIT = f"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|{_ESCAPED})"
_BEHIND = f"(?:\\?(?:{_UNIT}|[/?])*)?(?:#(?:{_UNIT}|[/?])*)?"
_PATH = f"(?:/{_UNIT}*)*"
_USER = f"(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|{_ESCAPED})+@)?"
_PORT = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6(?:[0-4][0-9]{3}|5(?:[0-4][0-9]{2}|5(?:[0-2][0-9]|3[0-5]))))"
_URI = (
    f"(?:[a-z][a-z0-9+.-]{{0,15}}://{_USER}(?:{_HOST}|{_IPV4}|\\[(?:{_IPV6})\\])(?::{_PORT})?{_PATH}{_BEHIND}"
    f"|file:///(?:{_UNIT}+{_PATH})?|(?:mailto|urn|tel|data|geo|news|sms):{_UNIT}+{_PATH}{_BEHIND})"
)
_RELATIVE = f"(?:/(?:{_UNIT}+{_PATH})?|(?:[A-Za-z0-9._~!$&'()*+,;=@-]|{_ESCAPED})+{_PATH})?{_BEHIND}"
_VARIABLE = "[A-Za-z][A-Za-z0-9_]*\\*?"
_TEMPLATE = f"(?:[A-Za-z0-9._~:/?#@!$&()*+,;=-]|{_ESCAPED}|\\{{[+#./;?&]?{_VARIABLE}(?:,{_VARIABLE})*\\}})*"
_POINTER = "(?:/(?:[^~/]|~[01])*)*"


def _regex(depth: int) -> str:
    """Patterns with groups so deep."""
    class_ = "\\[\\^?(?:[A-Za-z0-9_ .,:;@/]|a-z|A-Z|0-9|\\\\[dws])+\\]"
    atom = f"[A-Za-z0-9_ .,:;@/=<>!&%#'\"~-]|\\\\[dDwWsS.*+?()\\[\\]{{}}|^$/\\\\-]|{class_}"
    if depth:
        atom += f"|\\((?:\\?:)?{_regex(depth - 1)}\\)"
    sequence = f"(?:(?:{atom})(?:[*+?]|\\{{[0-9]{{1,2}}\\}})?)*"
    return f"{sequence}(?:\\|{sequence})*"


_PATTERNS = {
    "date": _DATE,
    "time": f"{_CLOCK}{_OFFSET}",
    "time optional": f"{_LOOSE_CLOCK}{_OFFSET}?",
    "time none": _LOOSE_CLOCK,
    "date-time": f"{_DATE}T{_CLOCK}{_OFFSET}",
    "date-time optional": f"{_DATE}[T ]{_LOOSE_CLOCK}{_OFFSET}?",
    "date-time none": f"{_DATE}[T ]{_LOOSE_CLOCK}",
    "duration": _DURATION,
    "uuid": _uuid(),
    **{f"uuid{version}": _uuid(str(version), "[89abAB]") for version in range(1, 9)},
    "ipv4": _IPV4,
    "ipv6": _IPV6,
    "ipvanyaddress": f"{_IPV4}|{_IPV6}",
    "hostname": _HOST,
    "idn-hostname": _HOST.replace("A-Z", ""),
    "email": _EMAIL,
    "idn-email": _EMAIL,
    "uri": _URI,
    "iri": _URI,
    "uri-reference": f"{_URI}|{_RELATIVE}",
    "iri-reference": f"{_URI}|{_RELATIVE}",
    "uri-template": _TEMPLATE,
    "json-pointer": _POINTER,
    "relative-json-pointer": f"(?:0|[1-9][0-9]?)(?:#|{_POINTER})",
    "regex": f"\\^?{_regex(1)}\\$?",
}

_LENGTHS = {
    "hostname": "^[^.]{1,40}(?:\\.[^.]{1,40}){0,5}$",
    "idn-hostname": "^[^.]{1,40}(?:\\.[^.]{1,40}){0,5}$",
    "email": "^[^@]{1,64}@[^.]{1,40}(?:\\.[^.]{1,40}){1,3}$",
    "idn-email": "^[^@]{1,64}@[^.]{1,40}(?:\\.[^.]{1,40}){1,3}$",
}
"""Stricter than the limits of DNS and mail (63 and 253, 64 and 254 characters), so that no sum has to be counted."""
