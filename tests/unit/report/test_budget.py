"""Budgets: quantities as people type them, and what is over the limit."""

from __future__ import annotations

import pytest

from carbonrun.option import QUANTITY
from carbonrun.options import OPTIONS
from carbonrun.report.budget import Budget
from carbonrun.values import from_text

BY_KEY = {option.key: option for option in OPTIONS}


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("max-energy", "10Wh", 36_000.0),
        ("max-energy", "0.2 kWh", 720_000.0),
        ("max-energy", "500J", 500.0),
        ("max-energy", "1.5kJ", 1500.0),
        ("max-energy", "2MJ", 2e6),
        ("max-energy", "5mJ", 0.005),
        ("max-energy", "1e3J", 1000.0),
        ("max-co2e", "5g", 5.0),
        ("max-co2e", "200mg", 0.2),
        ("max-co2e", "1.5kg", 1500.0),
    ],
)
def test_quantities(key: str, text: str, value: float) -> None:
    assert from_text(BY_KEY[key], text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["10", "Wh", "-1J", "0J", "nanJ", "infJ", "1e99kWh", "10 g", "10wh", "1_0J", "ten J"]
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a number above 0 with one of the units mJ, J"):
        from_text(BY_KEY["max-energy"], text)


def test_only_quantities_have_such_units() -> None:
    assert {o.unit for o in OPTIONS if o.kind == QUANTITY} == {"J", "g"}


def test_what_is_over_the_limit() -> None:
    budget = Budget(joules=36_000.0, grams_co2e=5.0)
    assert budget.exceeded(36_000.0, 5.0) == ()
    assert budget.exceeded(None, None) == ()
    assert budget.exceeded(37_000.0, 6.0) == (
        "used 37.0 kJ (10.3 Wh), more than the 36.0 kJ (10.0 Wh) allowed",
        "emitted 6.00 g CO2e, more than the 5.00 g CO2e allowed",
    )
    assert budget.is_unknown(None, 1.0)
    assert budget.is_unknown(1.0, None)
    assert not budget.is_unknown(1.0, 1.0)


def test_without_a_limit_nothing_is_over_it() -> None:
    budget = Budget(joules=None, grams_co2e=None)
    assert not budget.is_set
    assert budget.exceeded(1e9, 1e9) == ()
    assert not budget.is_unknown(None, None)
