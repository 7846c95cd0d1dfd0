"""Units of measurement, from a table of exact factors.

Why no library: a tool gets the names that people say ("degrees Fahrenheit", "sq ft", "kph", "fl oz", "C"). pint, the
best of them, reads "F" as farads, "fl oz" as femtolitre-ounces, does not know "Fahrenheit", "m2" or "Kilometers", and
evaluates its input, so that the table of names and a guard would stay ours; it would save only the factors, for four
packages and a third of a second at the first call.

Sources of the factors: the SI brochure (BIPM, 9th edition) and NIST Special Publication 811, appendix B. Gallons,
pints, cups and spoons are the US ones unless called imperial; a ton is the short ton; a month is a twelfth of 365.25
days.
"""

import difflib
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from agentkit import ModelRetry

MAX_LENGTH = 60
DIGITS = 6


@dataclass(frozen=True)
class Unit:
    """A unit: `value * factor + offset` is the amount in the dimension's base unit."""

    name: str
    dimension: str
    factor: float
    offset: float = 0.0


def convert_units(value: float, from_unit: str, to_unit: str) -> float:
    """Convert a value from one unit to another.

    Args:
        value: The value to convert.
        from_unit: The unit to convert from.
        to_unit: The unit to convert to.
    """
    source, target = find_unit(from_unit, "from_unit"), find_unit(to_unit, "to_unit")
    if source.dimension != target.dimension:
        raise ModelRetry(
            f"cannot convert {source.name} ({source.dimension}) to {target.name} ({target.dimension}): "
            f"choose a unit of {source.dimension}",
            argument="to_unit",
        )
    try:
        base = value * source.factor + source.offset
        result = (base - target.offset) / target.factor
        if target.offset or source.offset:
            result = round(result, 9)  # 32 °F is 0 °C, not 5.7e-14
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise ModelRetry("the value is too large or not a number", argument="value")
    if source.dimension == "temperature" and base < -1e-9:
        raise ModelRetry(f"{value} {source.name} is below absolute zero", argument="value")
    if source == target:
        return float(value)
    whole = len(f"{abs(result):.0f}")  # digits before the decimal point are never rounded away
    return float(f"{result:.{max(DIGITS, _digits(value), whole)}g}") + 0.0


def find_unit(name: str, argument: str | None = None) -> Unit:
    """The unit of that name, symbol or abbreviation, singular or plural.

    Raises:
        ModelRetry: The unit is unknown; names the argument.
    """
    if len(name) > MAX_LENGTH:
        raise ModelRetry(f"the unit is too long: at most {MAX_LENGTH} characters", argument=argument)
    symbol = " ".join(unicodedata.normalize("NFKC", name).split()).replace("^", "").rstrip(".")
    unit = _simple(symbol) or _powered(symbol) or _speed(symbol)
    if unit is None:
        near = difflib.get_close_matches(symbol.lower(), _words(), 3)
        hint = f"did you mean {' or '.join(near)}?" if near else "write a unit's usual name, such as kilometer"
        raise ModelRetry(f"the unit {name!r} is unknown: {hint}", argument=argument)
    return unit


def _digits(value: float) -> int:
    """Significant digits the value was written with: a long number keeps its length."""
    return min(15, len(f"{value:.15g}".partition("e")[0].replace(".", "").lstrip("-0")))


def _simple(name: str) -> Unit | None:
    """Symbols as they are written (MB, Mb, mW), then words and abbreviations in any case, then plurals."""
    if name in _symbols():
        return _symbols()[name]
    word = name.lower().replace("-", " ").replace("°", "degrees ").replace("metre", "meter").replace("litre", "liter")
    word = " ".join(word.split()).removeprefix("degrees ").removeprefix("degree ").removeprefix("deg ")
    words = _words()
    for candidate in (word, word.removesuffix("s"), word.removesuffix("es")):
        if candidate in words:
            return words[candidate]
    return None


def _powered(name: str) -> Unit | None:
    """Areas and volumes from lengths: "square feet", "sq ft", "sqft", "m2", "feet squared", "cubic centimeters"."""
    match = re.fullmatch(r"(square|sq|cubic|cu)\.? ?(.+)|(.+?) ?(2|3|squared|cubed)", name, re.IGNORECASE)
    if match is None:
        return None
    power = 2 if (match[1] or match[4]).lower() in ("sq", "square", "2", "squared") else 3
    length = _simple(match[2] or match[3])
    if length is None or length.dimension != "length":
        return None
    word, dimension = ("square", "area") if power == 2 else ("cubic", "volume")
    return Unit(f"{word} {length.name}", dimension, length.factor**power)


def _speed(name: str) -> Unit | None:
    """A length per time: "km/h", "feet per second"."""
    match = re.fullmatch(r"(.+?)(?: ?/ ?| per )(?:an? )?(.+)", name, re.IGNORECASE)
    if match is None:
        return None
    length, time = _simple(match[1]), _simple(match[2])
    if length is None or time is None or (length.dimension, time.dimension) != ("length", "time"):
        return None
    return Unit(f"{length.name} per {time.name}", "speed", length.factor / time.factor)


# dimension: one line a unit: factor to the base unit | name, other words and plurals | symbols, in their exact case
_TABLE = {
    "length": """
        1            | meter | m
        0.0254       | inch, inches | in, ″, "
        0.3048       | foot, feet | ft, ′, '
        0.9144       | yard, yds | yd
        1609.344     | mile | mi
        1852         | nautical mile | nmi, NM
        1e-10        | angstrom, ångström | Å
        1e-6         | micron | um
        149597870700 | astronomical unit | au, AU
        9460730472580800 | light year, lightyear | ly
    """,
    "mass": """
        0.001         | gram, gramme, gm | g
        1000          | tonne, metric ton | t
        0.45359237    | pound, lbs | lb
        0.028349523125 | ounce | oz
        6.35029318    | stone | st
        907.18474     | ton, short ton |
        1016.0469088  | long ton, imperial ton |
        0.0002        | carat | ct
        0.00006479891 | grain | gr
    """,
    "volume": """
        0.001             | liter | l, L
        0.000001          | cc |
        0.003785411784    | gallon, us gallon | gal
        0.000946352946    | quart, us quart | qt
        0.000473176473    | pint, us pint | pt
        0.0002365882365   | cup, us cup |
        0.0000295735295625 | fluid ounce, fl oz, fl. oz, us fluid ounce | floz
        0.00001478676478125 | tablespoon, tbsp, tbs |
        0.00000492892159375 | teaspoon, tsp |
        0.00454609        | imperial gallon, uk gallon |
        0.0011365225      | imperial quart, uk quart |
        0.00056826125     | imperial pint, uk pint |
        0.0000284130625   | imperial fluid ounce, uk fluid ounce |
        0.158987294928    | barrel, oil barrel | bbl
    """,
    "area": """
        10000        | hectare | ha
        100          | are |
        4046.8564224 | acre | ac
    """,
    "speed": """
        0.27777777777777778 | kilometer per hour | kph, kmh, kmph
        0.44704             | mile per hour | mph
        0.51444444444444444 | knot, kts | kn, kt
        0.3048              | foot per second | fps
        299792458           | speed of light |
    """,
    "time": """
        1         | second, sec | s
        60        | minute | min
        3600      | hour, hrs | h, hr
        86400     | day | d
        604800    | week, wk |
        1209600   | fortnight |
        2629800   | month | mo
        31557600  | year | yr, y
        315576000 | decade |
        3155760000 | century, centuries |
    """,
    "data": """
        8   | byte | B
        1   | bit | b
        8e3 | kilobyte | kB, KB, kb
        8e6 | megabyte | MB, mb
        8e9 | gigabyte | GB, gb
        8e12 | terabyte | TB, tb
        8e15 | petabyte | PB, pb
        8192 | kibibyte | KiB, kib
        8388608 | mebibyte | MiB, mib
        8589934592 | gibibyte | GiB, gib
        8796093022208 | tebibyte | TiB, tib
        1e3 | kilobit, kbit | Kb
        1e6 | megabit, mbit | Mb
        1e9 | gigabit, gbit | Gb
        1e12 | terabit, tbit | Tb
    """,
    "energy": """
        1           | joule | J
        4.184       | calorie | cal
        4184        | food calorie, large calorie | Cal
        3600        | watt hour | Wh
        1.602176634e-19 | electronvolt, electron volt | eV
        1055.05585262 | british thermal unit, btu |
        1.3558179483314004 | foot pound, ft lb |
        105505585.262 | therm |
        1e-7        | erg |
    """,
    "power": """
        1               | watt | W
        745.69987158227022 | horsepower, hp |
        735.49875       | metric horsepower, ps |
    """,
    "pressure": """
        1          | pascal | Pa
        100000     | bar | bar
        101325     | atmosphere, atm |
        6894.757293168361 | psi, pound per square inch, pounds per square inch |
        133.322387415 | mmhg, millimeter of mercury, millimeters of mercury |
        133.32236842105263 | torr |
        3386.388640341 | inhg, inch of mercury, inches of mercury |
    """,
    "angle": """
        1                     | radian | rad
        0.017453292519943295  | degree, deg, arc degree |
        0.015707963267948967  | gradian, gon | grad
        6.283185307179586     | turn, revolution |
    """,
}
_SCALES = {
    "kelvin": Unit("kelvin", "temperature", 1.0),
    "celsius": Unit("celsius", "temperature", 1.0, 273.15),
    "fahrenheit": Unit("fahrenheit", "temperature", 5 / 9, 459.67 * 5 / 9),
    "rankine": Unit("rankine", "temperature", 5 / 9),
}
_SCALE_SYMBOLS = {"K": "kelvin", "k": "kelvin", "C": "celsius", "c": "celsius", "F": "fahrenheit", "f": "fahrenheit"}
_PREFIXES = {
    "pico": ("p", 1e-12),
    "nano": ("n", 1e-9),
    "micro": ("µ", 1e-6),
    "milli": ("m", 1e-3),
    "centi": ("c", 1e-2),
    "deci": ("d", 1e-1),
    "deca": ("da", 1e1),
    "hecto": ("h", 1e2),
    "kilo": ("k", 1e3),
    "mega": ("M", 1e6),
    "giga": ("G", 1e9),
    "tera": ("T", 1e12),
}
_PREFIXED = "meter|gram|liter|second|joule|calorie|watt hour|electronvolt|watt|pascal|bar".split("|")


def _entries() -> Iterator[tuple[Unit, list[str], list[str]]]:
    """Unit, its words and its symbols, with the decimal multiples of those that have any."""
    for dimension, lines in _TABLE.items():
        for line in lines.strip().splitlines():
            factor, words, symbols = ([part.strip() for part in field.split(",")] for field in line.split("|"))
            unit = Unit(words[0], dimension, float(factor[0]))
            yield unit, words, [symbol for symbol in symbols if symbol]
            if unit.name in _PREFIXED:
                for long, (short, scale) in _PREFIXES.items():
                    multiple = Unit(long + unit.name, dimension, unit.factor * scale)
                    yield multiple, [long + word for word in words], [short + symbol for symbol in symbols if symbol]


@cache
def _symbols() -> dict[str, Unit]:
    table: dict[str, Unit] = {}
    for unit, _, symbols in _entries():
        for symbol in symbols:
            table.setdefault(unicodedata.normalize("NFKC", symbol), unit)
    table.update((symbol, _SCALES[name]) for symbol, name in _SCALE_SYMBOLS.items())
    return table


@cache
def _words() -> dict[str, Unit]:
    """Lower-case words, and symbols in lower case where no other unit has the same."""
    table = dict(_SCALES) | {"centigrade": _SCALES["celsius"]}
    for unit, words, _ in _entries():
        for word in words:
            table.setdefault(word, unit)
    lower: dict[str, set[Unit]] = {}
    for symbol, unit in _symbols().items():
        lower.setdefault(symbol.lower(), set()).add(unit)
    for symbol, units in lower.items():
        if len(units) == 1:
            table.setdefault(symbol, *units)
    return table
