"""From text to typed value, and the checks of ranges and choices. Pure.

Every function raises ``ValueError`` with what is wrong and what would be right; the caller knows
where the text came from and says so.
"""

from __future__ import annotations

from carbonrun.option import (
    CHOICE,
    DURATION,
    FACTOR,
    FALSE,
    FLAG,
    MOMENT,
    NONE,
    NUMBER,
    OUTPUT,
    PATH,
    PATTERNS,
    PRICE,
    QUANTITY,
    REGION,
    TAGS,
    TEXT,
    TRUE,
    WATTS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.option import Option

_YES = (TRUE, "1", "yes", "on")
_NO = (FALSE, "0", "no", "off")

# Source: the watt hour is 3600 joules by definition.
_UNITS = {
    "J": {"mJ": 1e-3, "J": 1.0, "kJ": 1e3, "MJ": 1e6, "mWh": 3.6, "Wh": 3.6e3, "kWh": 3.6e6},
    "g": {"mg": 1e-3, "g": 1.0, "kg": 1e3},
}
_MOST = 1e15
# Source: ISO 4217.
_CURRENCY_LETTERS = 3

# What stands for "switched off" between the levels; at the end it becomes None.
OFF = ""


class Secret(str):
    """A text that does not show itself where settings are shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide it."""
        return "***"


def from_text(option: Option, text: str) -> object:
    """Return the typed value of one text that is not empty.

    Collected kinds return a collection with one entry.
    """
    return _CONVERTERS[option.kind](option, text)


def checked_number(option: Option, number: float) -> float:
    """Return the number if it is in the option's range; infinity and nan never are."""
    if not option.minimum <= number <= option.maximum:
        message = f"must be {range_text(option)}"
        raise ValueError(message)
    return float(number)


def range_text(option: Option) -> str:
    """Describe the range of a number: ``from 0.01 to 60 seconds``."""
    return f"from {option.minimum:g} to {option.maximum:g} {option.unit}".rstrip()


def checked_choice(option: Option, text: str) -> str:
    """Return the text if it is one of the option's choices."""
    if text in option.choices:
        return text
    from carbonrun.suggestion import did_you_mean

    near = dict(option.former).get(text.lower()) or did_you_mean(text, option.choices)
    allowed = " or ".join(option.choices)
    raise ValueError(f"must be {allowed}" + (f"; {near}" if near else ""))


def checked_pattern(text: str) -> str:
    """Return the text if it is a regular expression."""
    import re  # 8 ms, but only where somebody uses patterns

    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        message = f"is not a regular expression: {error}"
        raise ValueError(message) from None
    return text


def _to_text(_option: Option, text: str) -> str:
    return text


def _to_output(_option: Option, text: str) -> str:
    return OFF if text == NONE else text


def _to_number(option: Option, text: str) -> float:
    if option.unit == "%":
        text = text.removesuffix("%").rstrip()
    # float() also takes "1_000" and digits of other scripts, which nobody means here.
    if text.isascii() and "_" not in text:
        try:
            number = float(text)
        except ValueError:
            pass
        else:
            return checked_number(option, number)
    message = f"must be a number without a unit, {range_text(option)}"
    raise ValueError(message)


def _to_quantity(option: Option, text: str) -> float:
    units = _UNITS[option.unit]
    number = text.rstrip("".join({*"".join(units), " "}))
    factor = units.get(text[len(number) :].strip())
    try:
        value = float(number) * (factor or 0) if number.isascii() and "_" not in number else 0.0
    except ValueError:
        value = 0.0
    if 0 < value <= _MOST:
        return value
    known = ", ".join(units)
    example = f", for example {option.example}" if option.example else ""
    raise ValueError(f"must be a number above 0 with one of the units {known}{example}")


def _to_flag(_option: Option, text: str) -> bool:
    word = text.lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError("must be 1 or 0 (also true, yes, on; false, no, off)")


def _to_factor(option: Option, text: str) -> float | str:
    if text == REGION:
        return REGION
    try:
        return _to_number(option, text)
    except ValueError as error:
        raise ValueError(f"{error}, or the word {REGION}") from None


def parse_price(text: str) -> tuple[float, str]:
    """Return the price of a kWh and its currency: ``0.30EUR``, ``0.30 EUR/kWh``.

    Raises:
        ValueError: it is no such text.
    """
    bare = text.strip().removesuffix("/kWh").rstrip()
    number, currency = bare[:-_CURRENCY_LETTERS].rstrip(), bare[-_CURRENCY_LETTERS:]
    try:
        price = float(number) if number.isascii() and "_" not in number else -1.0
    except ValueError:
        price = -1.0
    if 0 <= price <= _MOST and currency.isascii() and currency.isalpha() and currency.isupper():
        return price, currency
    raise ValueError("must be a price with a currency of three letters, for example 0.30EUR")


def _to_price(_option: Option, text: str) -> str:
    parse_price(text)
    return text


def _to_duration(_option: Option, text: str) -> float:
    from carbonrun.durations import parse_duration

    return parse_duration(text)


def _to_moment(_option: Option, text: str) -> str:
    """Return the text if it is a moment; when that is depends on the clock."""
    from carbonrun.moments import parse_moment

    parse_moment(text)
    return text


def _to_tag(_option: Option, text: str) -> dict[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise ValueError("must be KEY=VALUE, for example team=vision")
    return {key: value}


def _to_watts(option: Option, text: str) -> dict[str, float]:
    device, _equals, watts = text.rpartition("=")
    if not device:
        message = f"must be {option.metavar}, for example {option.example}"
        raise ValueError(message)
    return {device: _to_number(option, watts)}


def _to_patterns(_option: Option, text: str) -> tuple[str]:
    return (checked_pattern(text),)


_CONVERTERS: dict[str, Callable[[Option, str], object]] = {
    TEXT: _to_text,
    PATH: _to_text,
    OUTPUT: _to_output,
    CHOICE: checked_choice,
    NUMBER: _to_number,
    QUANTITY: _to_quantity,
    FLAG: _to_flag,
    FACTOR: _to_factor,
    PRICE: _to_price,
    DURATION: _to_duration,
    MOMENT: _to_moment,
    TAGS: _to_tag,
    WATTS: _to_watts,
    PATTERNS: _to_patterns,
}
