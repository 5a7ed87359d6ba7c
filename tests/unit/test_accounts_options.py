"""The values of the options about more than grams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.values import parse_price
from tests.unit.settings_place import Place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("0.30EUR", (0.3, "EUR")),
        ("0.30 EUR", (0.3, "EUR")),
        ("0.2 USD/kWh", (0.2, "USD")),
        ("0JPY", (0.0, "JPY")),
    ],
)
def test_prices(text: str, price: tuple[float, str]) -> None:
    assert parse_price(text) == price


@pytest.mark.parametrize(
    "text",
    ["", "EUR", "0.3", "0.3eur", "-1EUR", "nanEUR", "infEUR", "1_0EUR", "0.3EURO", "\u0663EUR"],
)
def test_what_is_no_price(text: str) -> None:
    with pytest.raises(ValueError, match="with a currency of three letters"):
        parse_price(text)


@given(st.floats(0, 1e12), st.sampled_from(("EUR", "USD", "CHF")))
def test_what_is_written_is_read(price: float, currency: str) -> None:
    assert parse_price(f"{price!r}{currency}") == (price, currency)


def test_nothing_is_asked_for_by_default(place: Place) -> None:
    settings = place.resolve()
    assert not settings.wants_accounts
    assert not settings.wants_embodied
    assert (settings.pue, settings.pue_of_region) == (1.0, False)


@pytest.mark.parametrize(
    ("words", "wants_embodied"),
    [
        ("--embodied", True),
        ("--embodied-kg 300", True),
        ("--unit epoch=12", True),
        ("--water", False),
        ("--price 0.3EUR", False),
        ("--equivalences", False),
        ("--pue region", False),
    ],
)
def test_what_is_asked_for(place: Place, words: str, wants_embodied: bool) -> None:
    settings = place.resolve(words)
    assert settings.wants_accounts
    assert settings.wants_embodied is wants_embodied


def test_units_are_collected(place: Place) -> None:
    settings = place.resolve("--unit epoch=12 --unit request=3e5", {"CARBONRUN_UNIT": "user=7"})
    assert settings.units == {"user": 7.0, "epoch": 12.0, "request": 3e5}


def test_the_file_may_say_it_all(place: Place) -> None:
    place.user_file.write_text(
        'pue = "region"\nembodied = true\nembodied-years = 5\nunit = { epoch = 3 }\n'
        'price = "0.30 EUR"\nwater = true\nwue = 1.8\newif = 3\nequivalences = true\n'
    )
    settings = place.resolve()
    assert settings.pue_of_region
    assert (settings.pue, settings.embodied_years, settings.units) == (1.0, 5.0, {"epoch": 3.0})
    assert (settings.wue_litres_per_kwh, settings.ewif_litres_per_kwh) == (1.8, 3.0)
    place.user_file.write_text("pue = 1.3\n")
    assert place.resolve().pue == 1.3


@pytest.mark.parametrize("content", ["pue = true", 'pue = "regio"', "pue = 0.5"])
def test_a_bad_pue_in_a_file(place: Place, content: str) -> None:
    place.user_file.write_text(content)
    assert f"{place.user_file}: {content}" in place.refusal().message.replace("'", '"')
