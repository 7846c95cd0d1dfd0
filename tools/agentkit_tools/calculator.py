"""Arithmetic on text, without `eval`: a small operator-precedence parser that computes as it reads.

Numbers are exact (0.1 is a tenth) until a root, a logarithm or the like makes a float of them.

Every intermediate number is bounded, so no expression can take long or fill the memory: an expression has at most
`MAX_LENGTH` characters and `MAX_DEPTH` nested parts, and a number stays below 2**1024 (about 1.8e308, the range of a
float), which is checked before a power or a factorial is computed. A fraction whose denominator is longer than that
becomes a float.
"""

import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import NoReturn

from agentkit import ModelRetry

MAX_LENGTH = 1000
MAX_DEPTH = 50
MAX_BITS = 1024

Number = int | Fraction | float

_SPELLINGS = {"×": "*", "·": "*", "⋅": "*", "÷": "/", "−": "-", "–": "-", "√": "sqrt", "π": "pi", "^": "**"}
_WORDS = {"plus": "+", "minus": "-", "times": "*", "x": "*", "over": "/", "mod": "%"}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.]))"
    r"|(?P<word>[A-Za-z][A-Za-z0-9]*)|(?P<sign>\*\*|//|[-+*/%(),]))"
)
_COMMAS = re.compile(
    r"(?P<open>(?:[A-Za-z][A-Za-z0-9]*\s*)?\()|(?P<close>\))"
    r"|(?P<thousands>(?<![0-9.,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,]))"
)
_BINARY = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "**": 4}  # a sign in front of a number binds with 3
_CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}


def calculate(expression: str) -> int | float:
    """Calculate an arithmetic expression.

    Args:
        expression: The expression, such as 12 * (3 + 4).
    """
    if len(expression) > MAX_LENGTH:
        _fail(f"the expression is too long: at most {MAX_LENGTH} characters")
    try:
        return _tidy(_Reader(_tokens(expression)).read())
    except ZeroDivisionError:
        _fail("division by zero")
    except OverflowError:
        _fail("a number in the expression is too large")
    except ValueError:
        _fail("a function is given a value outside its range")
    except TypeError:
        _fail("a function is given too few or too many values")


def _fail(message: str) -> NoReturn:
    raise ModelRetry(message, argument="expression") from None


def _tidy(result: Number) -> int | float:
    """Drop the noise of binary fractions (15 digits, so sqrt(2) ** 2 is 2) and write whole numbers as integers."""
    if isinstance(result, int):
        return result
    result = float(result)
    rounded = float(f"{result:.15g}")
    if math.isinf(rounded):  # the very largest floats
        return result
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def _tokens(expression: str) -> list[str]:
    """Split into numbers, names and signs, with other spellings (×, ^, "15% of", 1,000) put into the usual ones."""
    for spelling, usual in _SPELLINGS.items():
        expression = expression.replace(spelling, f" {usual} ")
    expression = expression.rstrip().removesuffix("=").rstrip()
    expression = re.sub(r"\bdivided by\b", "/", expression)
    expression = _without_thousands(expression)
    tokens, position = [], 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None:
            _fail(f"cannot read {expression[position : position + 20].strip()!r}")
        tokens.append(_WORDS.get(match[0].strip(), match[0].strip()))
        position = match.end()
    return tokens


def _without_thousands(expression: str) -> str:
    """Drops the commas in numbers. Refused are those that may mean something else.

    Directly inside max(...) and the like a comma may part arguments, and after a first 0 it may be a decimal one.
    """
    functions: list[str] = []  # of the parentheses that are open

    def plain(match: re.Match[str]) -> str:
        if match["open"]:
            functions.append(match[0].removesuffix("(").rstrip())
        elif match["close"]:
            del functions[-1:]
        elif match[0].startswith("0") or (functions and functions[-1] in _SEVERAL):
            _fail(f"unclear {match[0]!r}: write numbers without commas, such as 1234 or 0.5, and two of them as 1, 234")
        else:
            return match[0].replace(",", "")
        return match[0]

    return _COMMAS.sub(plain, expression)


class _Reader:
    """Computes the value of a token list by precedence climbing (V. R. Pratt, 1973)."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    def read(self) -> Number:
        if not self.tokens:
            _fail("the expression is empty")
        value = self.expression(0)
        if self.position < len(self.tokens):
            _fail(f"an operator is missing before {self.tokens[self.position]!r}")
        return value

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        if self.take() != token:
            _fail(f"{token!r} is missing")

    def expression(self, binding: int) -> Number:
        """Reads as long as the operators bind tighter than `binding`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            _fail(f"the expression is nested too deeply: at most {MAX_DEPTH} levels")
        value = self.operand()
        while True:
            if self.peek() == "%" and self.is_percent():
                value = self.percent(value)
            elif _BINARY.get(self.peek(), -1) > binding:
                sign = self.take()
                strength = _BINARY[sign]
                right = self.expression(strength - 1 if sign == "**" else strength)
                value = _bounded(_apply(sign, value, right))
            else:
                self.depth -= 1
                return value

    def is_percent(self) -> bool:
        """Whether this % is a percent sign (15% of 80, 80 * 15%) and not a remainder (17 % 5)."""
        after = self.tokens[self.position + 1] if self.position + 1 < len(self.tokens) else ""
        if after not in ("", ")", ",", "of", "+", "-", "*", "/", "//", "**", "%"):
            return False
        before = self.tokens[self.position - 2] if self.position > 2 else ""
        if after in ("+", "-") or (before in ("+", "-") and after != "of"):
            _fail("unclear '%': write a percentage as (10 / 100), a part as 10% of 80, a remainder as 10 % (-3)")
        return True

    def percent(self, value: Number) -> Number:
        """A hundredth of `value`, or so much of what follows: 100 / 10% of 50 is 100 / 5."""
        self.take()
        part = _apply("/", value, 100)
        if self.peek() != "of":
            return _bounded(part)
        self.take()
        return _bounded(_apply("*", part, self.expression(3)))

    def operand(self) -> Number:
        token = self.take()
        if token in ("+", "-"):
            value = self.expression(3)
            return -value if token == "-" else value
        if token == "(":
            value = self.expression(0)
            self.expect(")")
            return value
        if token in _CONSTANTS:
            return _CONSTANTS[token]
        if token[:1].isalpha():
            return self.call(token)
        if token[:1].isdigit() or token[:1] == ".":
            return _literal(token)
        _fail(f"a number is missing before {token!r}" if token else "a number is missing at the end")

    def call(self, name: str) -> Number:
        if name not in _FUNCTIONS:
            _fail(f"unknown name {name[:20]!r}; known are {', '.join(sorted([*_FUNCTIONS, *_CONSTANTS]))}")
        self.expect("(")
        arguments = [self.expression(0)]
        while self.peek() == ",":
            self.take()
            arguments.append(self.expression(0))
        self.expect(")")
        return _bounded(_FUNCTIONS[name](*arguments))


def _literal(token: str) -> Number:
    if token.isdigit():
        return _bounded(int(token))
    value = _bounded(float(token))  # tells how large it is, however long the exponent
    return _bounded(Fraction(token)) if value else 0


def _bounded(value: Number) -> Number:
    if abs(value) >= 2**MAX_BITS:
        raise OverflowError
    long = isinstance(value, Fraction) and value.denominator.bit_length() > MAX_BITS
    return float(value) if long else value


def _apply(sign: str, left: Number, right: Number) -> Number:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return (Fraction(left) if isinstance(left, int) else left) / right
        case "//":
            return left // right
        case "%":
            return left % right
        case _:
            return _power(left, right)


def _power(base: Number, exponent: Number) -> Number:
    if not isinstance(base, float) and not isinstance(exponent, float) and exponent.denominator == 1:
        times = int(exponent)
        bits = max(base.numerator.bit_length(), base.denominator.bit_length()) - 1
        if bits * abs(times) <= MAX_BITS:  # at least so many bits has the result
            power = Fraction(base) ** times
            return int(power) if isinstance(base, int) and times >= 0 else power
    result = float(base) ** float(exponent)
    if isinstance(result, complex):
        _fail("a negative number cannot be raised to a fraction")
    return float(result)


def _factorial(value: Number) -> int:
    if value != int(value):
        raise ValueError
    if value > 170:  # 170! is the last one below 2**1024
        raise OverflowError
    return math.factorial(int(value))


def _round(value: Number, digits: Number = 0) -> Number:
    return value.__round__(max(-400, min(400, int(digits)))) if digits else round(value)


def _whole(function: Callable[..., int]) -> Callable[..., int]:
    """Lets a function of integers take 12.0 for 12, and no fraction."""

    def call(*values: Number) -> int:
        if any(value != int(value) for value in values):
            raise ValueError
        return function(*map(int, values))

    return call


_FUNCTIONS: dict[str, Callable[..., Number]] = {
    "abs": abs,
    "acos": math.acos,
    "asin": math.asin,
    "atan": math.atan,
    "ceil": math.ceil,
    "cos": math.cos,
    "degrees": math.degrees,
    "exp": math.exp,
    "factorial": _factorial,
    "floor": math.floor,
    "gcd": _whole(math.gcd),
    "hypot": math.hypot,
    "lcm": _whole(math.lcm),
    "ln": lambda value: math.log(value),
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "max": lambda first, *rest: max(first, *rest) if rest else first,
    "min": lambda first, *rest: min(first, *rest) if rest else first,
    "radians": math.radians,
    "round": _round,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
}
_SEVERAL = {"gcd", "hypot", "lcm", "log", "max", "min", "round"}
