"""Currencies by what people call them."""

import pytest

from agentkit.constraints.currencies import currencies


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("What is 20 won in yuan?", ["KRW", "CNY"]),
        ("12.99 Canadian dollars, $5 and 3€", ["CAD", "USD", "EUR"]),
        ("Swiss francs to złoty", ["CHF", "PLN"]),
        ("5 pounds sterling, 10 POUNDS", ["GBP", "GBP"]),
        ("30 New Zealand dollars or Norwegian kroner", ["NZD", "NOK"]),
        ("EUR to USD", []),  # codes are said as they are
        ("wonder, yenning, eurozone, a frankfurter", []),
        ("", []),
    ],
)
def test_names_and_signs_have_codes(text: str, codes: list[str]) -> None:
    assert [code for code, _ in currencies(text)] == codes


def test_it_is_told_where_a_name_ends() -> None:
    assert [*currencies("20 won")] == [("KRW", 6)]
    assert [*currencies("in Canadian dollars, please")] == [("CAD", 19)]
    assert [*currencies("€20")] == [("EUR", 1)]
