"""What the summary says of what was asked for beside the grams. Pure."""

from __future__ import annotations

from carbonrun.report.text import printable
from carbonrun.units import UNKNOWN, duration_text, joined_range, mass_text, range_text, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.report.footprint.model import (
        Cost,
        Embodied,
        Equivalence,
        Footprint,
        Rate,
        Sci,
        Water,
    )

    # Label, value, remark.
    Row = tuple[str, str, str]

_YEAR_SECONDS = 8760 * 3600
_LEAST_SHARE = 0.0005


def footprint_rows(footprint: Footprint | None) -> Iterator[Row]:
    """Yield label, value and remark of each line."""
    if footprint is None:
        return
    if footprint.pue is not None:
        pue = footprint.pue
        yield "PUE", f"{pue.value:g}", f"{pue.low:g} to {pue.high:g}; {printable(pue.source)}"
    if footprint.embodied is not None:
        yield _embodied(footprint.embodied)
    if footprint.sci is not None:
        yield from (_rate(rate, footprint.sci) for rate in footprint.sci.rates)
    if footprint.cost is not None:
        yield _cost(footprint.cost)
    if footprint.water is not None:
        yield _water(footprint.water)
    yield from _equivalences(footprint.equivalences)


def _embodied(embodied: Embodied) -> Row:
    between = joined_range(mass_text(embodied.low_grams_co2e), mass_text(embodied.high_grams_co2e))
    machine = mass_text(embodied.machine_kg_co2e * 1000)
    years = f"{embodied.life_seconds / _YEAR_SECONDS:g} years"
    run = duration_text(embodied.life_seconds * embodied.time_share)
    part = f"{_share(embodied.resource_share)} of {machine} for {run} of {years}"
    remark = f"{between}; {part}; {printable(embodied.source)}"
    return "embodied", f"{mass_text(embodied.grams_co2e)} CO2e", remark


def _share(part: float) -> str:
    return "less than 0.1 %" if 0 < part < _LEAST_SHARE else f"{100 * part:.3g} %"


def _rate(rate: Rate, sci: Sci) -> Row:
    between = joined_range(mass_text(rate.low_grams_co2e), mass_text(rate.high_grams_co2e))
    parts = f"{rate.count:g} {printable(rate.unit)}: "
    parts += f"{mass_text(sci.operational_grams_co2e)} + {mass_text(sci.embodied_grams_co2e)}"
    known = "" if rate.grams_co2e is None else f"{between}; "
    value = f"{mass_text(rate.grams_co2e)}/{printable(rate.unit)}"
    return "SCI", value, f"{known}{parts} embodied"


def _cost(cost: Cost) -> Row:
    price = f"{cost.price_per_kwh:g} {cost.currency}/kWh"
    if cost.amount is None or cost.low_amount is None or cost.high_amount is None:
        return "cost", UNKNOWN, price
    between = f"{_money(cost.low_amount)} to {_money(cost.high_amount)}"
    return "cost", f"{_money(cost.amount)} {cost.currency}", f"{between}; {price}"


def _money(amount: float) -> str:
    """Return ``12.34``, and of small amounts three digits: ``0.000123``."""
    if amount == 0 or amount >= 1:
        return f"{amount:,.2f}"
    return f"{amount:.3g}" if amount >= 1e-4 else f"{amount:.2e}"  # noqa: PLR2004


def _water(water: Water) -> Row:
    if water.litres is not None:
        between = range_text(water.low_litres, water.high_litres, "L")
        parts = f"{scaled(water.on_site_litres, 'L')} on the site"
        return "water", scaled(water.litres, "L"), f"{between}; experimental; {parts}"
    known = (("on the site", water.on_site_litres), ("in power plants", water.grid_litres))
    parts = ", ".join(f"{scaled(litres, 'L')} {where}" for where, litres in known)
    return "water", UNKNOWN, f"experimental; {parts}"


def _equivalences(equivalences: tuple[Equivalence, ...]) -> Iterator[Row]:
    for index, each in enumerate(equivalences):
        label = "" if index else "as much as"
        remark = each.what if index else f"{each.what}; {each.source}"
        yield label, _amount(each), remark


def _amount(each: Equivalence) -> str:
    if each.unit == "m":
        return scaled(each.amount, "m")
    if each.unit == "s":
        return duration_text(each.amount)
    return f"{each.amount:.3g}"
