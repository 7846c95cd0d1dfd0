import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import ModelRetry
from agentkit_tools import convert_units
from agentkit_tools.units import _TABLE, Unit, _symbols, _words, find_unit


@pytest.mark.parametrize(
    ("value", "from_unit", "to_unit", "result"),
    [
        (1, "mile", "kilometers", 1.60934),
        (26.2, "Miles", "km", 42.1648),
        (5, "feet", "inches", 60),
        (6, "'", '"', 72),
        (1, "metre", "ft", 3.28084),
        (1, "light years", "km", 9460730472581),
        (1, "mile", "mm", 1609344),
        (5, "NM", "km", 9.26),
        (5, "nm", "m", 5e-9),
        (2, "gm", "kg", 0.002),
        (100, "F", "C", 37.7778),
        (32, "degrees Fahrenheit", "°C", 0),
        (-40, "celsius", "fahrenheit", -40),
        (0, "K", "deg F", -459.67),
        (20, "℃", "kelvin", 293.15),
        (10, "lbs", "kg", 4.53592),
        (1, "stone", "pounds", 14),
        (1, "metric ton", "kg", 1000),
        (1, "ton", "lb", 2000),
        (1234567, "g", "kg", 1234.567),
        (2, "cups", "tablespoons", 32),
        (1, "fl oz", "mL", 29.5735),
        (1, "imperial gallon", "litres", 4.54609),
        (1, "cubic meter", "liters", 1000),
        (1, "cc", "ml", 1),
        (60, "mph", "km/h", 96.5606),
        (10, "m/s", "kilometres per hour", 36),
        (1, "knot", "kph", 1.852),
        (1, "sq ft", "m2", 0.092903),
        (1, "acre", "square meters", 4046.86),
        (1, "km²", "hectares", 100),
        (1, "m^2", "cm squared", 10000),
        (90, "minutes", "hours", 1.5),
        (2, "weeks", "days", 14),
        (250, "ms", "s", 0.25),
        (1, "GB", "MB", 1000),
        (1, "gb", "mb", 1000),
        (1, "GiB", "MiB", 1024),
        (1, "GiB", "bytes", 1073741824),
        (1024, "TiB", "bytes", 2**50),
        (100, "Mb", "MB", 12.5),
        (1, "kWh", "joules", 3.6e6),
        (1, "kcal", "kJ", 4.184),
        (1, "Cal", "kJ", 4.184),
        (1, "cal", "J", 4.184),
        (1, "atm", "psi", 14.6959),
        (1013.25, "mbar", "hPa", 1013.25),
        (1, "horsepower", "watts", 745.7),
        (180, "degrees", "radians", 3.14159),
        (7, "um", "nanometers", 7000),
    ],
)
def test_conversions(value: float, from_unit: str, to_unit: str, result: float) -> None:
    assert convert_units(value, from_unit, to_unit) == result


@pytest.mark.parametrize(
    ("value", "from_unit", "to_unit", "argument", "words"),
    [
        (1, "kilomter", "m", "from_unit", "did you mean kilometer"),
        (1, "m", "", "to_unit", "unknown"),
        (1, "kg", "km", "to_unit", "kilogram (mass) to kilometer (length)"),
        (-300, "C", "F", "value", "below absolute zero"),
        (1e308, "km", "mm", "value", "too large"),
        (10**400, "m", "km", "value", "too large"),
        (math.nan, "m", "km", "value", "not a number"),
        (math.inf, "m", "km", "value", "too large"),
        (1, "m ** 9 ** 9 ** 9", "m", "from_unit", "unknown"),
        (1, "m" * 61, "m", "from_unit", "too long"),
        (1, "ﷺ" * 60, "m", "from_unit", "unknown"),
        (1, "m" * 10**7, "m", "from_unit", "too long"),
        (1, "square square m", "m", "from_unit", "unknown"),
        (1, "__class__", "m\0", "from_unit", "unknown"),
        (1, "mw", "W", "from_unit", "unknown"),
    ],
)
def test_what_cannot_be_converted_is_told(
    value: float, from_unit: str, to_unit: str, argument: str, words: str
) -> None:
    with pytest.raises(ModelRetry) as caught:
        convert_units(value, from_unit, to_unit)
    assert caught.value.argument == argument
    assert words in str(caught.value)


units = st.sampled_from(sorted({unit.name for unit in _words().values()}))


@settings(max_examples=500, deadline=None)
@given(st.floats(1e-6, 1e9), units, st.data())
def test_there_and_back_again(value: float, name: str, data: st.DataObject) -> None:
    unit = find_unit(name)
    others = sorted({other.name for other in _words().values() if other.dimension == unit.dimension})
    other = data.draw(st.sampled_from(others))
    there = convert_units(value, name, other)
    slack = 1e-3 if unit.dimension == "temperature" else 0.0
    assert convert_units(there, other, name) == pytest.approx(value, rel=2e-5, abs=slack)


def test_every_name_and_its_plural_mean_the_same_unit() -> None:
    for name, unit in _words().items():
        assert find_unit(name) == unit or name in _symbols(), name
        assert find_unit(unit.name) == unit
        assert find_unit(unit.name.capitalize() + "s").dimension == unit.dimension


def test_no_symbol_or_word_is_given_twice() -> None:
    for column in (1, 2):
        names = [name.strip() for lines in _TABLE.values() for line in lines.strip().splitlines()
                 for name in line.split("|")[column].split(",") if name.strip()]  # fmt: skip
        assert len(names) == len(set(names))


def test_exact_definitions() -> None:
    """By definition (international yard and pound agreement, 1959; SI brochure), so equal to the last digit."""
    assert find_unit("inch") == Unit("inch", "length", 0.0254)
    assert find_unit("pound").factor == 0.45359237
    assert find_unit("gallon").factor == pytest.approx(231 * 0.0254**3 * 1, rel=1e-15)
    assert find_unit("psi").factor == pytest.approx(0.45359237 * 9.80665 / 0.0254**2, rel=1e-14)
    assert find_unit("horsepower").factor == pytest.approx(550 * 0.3048 * 0.45359237 * 9.80665, rel=1e-14)
    assert find_unit("acre").factor == pytest.approx(4840 * 0.9144**2, rel=1e-14)
    assert find_unit("fluid ounce").factor * 128 == pytest.approx(find_unit("gallon").factor, rel=1e-14)
    assert find_unit("imperial fluid ounce").factor * 160 == pytest.approx(find_unit("uk gallon").factor, rel=1e-14)


@settings(max_examples=300, deadline=None)
@given(st.floats(), st.text(max_size=70), st.sampled_from(["m", "C", "kg"]))
def test_any_text_gives_a_number_or_a_reason(value: float, unit: str, other: str) -> None:
    try:
        assert math.isfinite(convert_units(value, unit, other))
    except ModelRetry as error:
        assert error.argument in ("value", "from_unit", "to_unit")
