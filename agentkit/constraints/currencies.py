"""Currencies that are said by their names or signs: "250 yen", "in Canadian dollars", "€"."""

from __future__ import annotations

import re
from collections.abc import Iterator

# ISO 4217, by what people say; "dollars" alone are those of the United States
_SAID = """
USD: dollar, us dollar, american dollar, buck, $
CAD: canadian dollar
AUD: australian dollar, aussie dollar
NZD: new zealand dollar
HKD: hong kong dollar
SGD: singapore dollar
EUR: euro, €
GBP: pound, british pound, pound sterling, pounds sterling, sterling, quid, £
JPY: yen, japanese yen, ¥
CHF: franc, swiss franc
SEK: swedish krona, swedish kronor, swedish crown, krona, kronor
NOK: norwegian krone, norwegian kroner, norwegian crown, krone, kroner
DKK: danish krone, danish kroner, danish crown
ISK: icelandic krona, icelandic kronur
CZK: koruna, czech koruna, czech crown
PLN: zloty, złoty, zł, polish zloty
HUF: forint
RON: leu, lei
UAH: hryvnia
RUB: ruble, rouble, ₽
TRY: lira, turkish lira, ₺
ILS: shekel, ₪
AED: dirham
SAR: riyal, saudi riyal
INR: rupee, indian rupee, ₹
CNY: yuan, chinese yuan, renminbi
KRW: won, korean won, ₩
THB: baht
IDR: rupiah
MYR: ringgit
VND: dong, ₫
ZAR: rand
BRL: real, reais, brazilian real
MXN: peso, mexican peso
ARS: argentine peso
"""
_CODES = {
    name: code
    for line in _SAID.strip().splitlines()
    for code, _, names in [line.partition(": ")]
    for name in names.split(", ")
}
_WORDS, _SIGNS = (
    "|".join(re.escape(said) for said in sorted(_CODES, key=len, reverse=True) if said[0].isalpha() is worded)
    for worded in (True, False)
)
_CURRENCY = re.compile(rf"(?<!\w)(?P<words>{_WORDS})s?(?!\w)|(?P<sign>{_SIGNS})", re.IGNORECASE)


def currencies(text: str) -> Iterator[tuple[str, int]]:
    """The currencies that a text speaks of by their names or signs: ISO code, and the character behind them."""
    for match in _CURRENCY.finditer(text):
        yield _CODES[(match["words"] or match["sign"]).lower()], match.end()
