"""What is reported beside energy and grams, where it was asked for. Pure.

The field names are keys of the JSON report. None is unknown, never 0.
"""

from __future__ import annotations

from carbonrun.record import Record


class Pue(Record):
    """The power usage effectiveness of a cloud region, as its provider publishes it.

    Attributes:
        value, low, high: 1 or more.
        of: ``region``, ``zones`` or ``provider``: what it is the mean of.
        year: that it was published for.
        source: for people.
    """

    value: float
    low: float
    high: float
    of: str
    year: int
    source: str


class Embodied(Record):
    """The run's part of what the making of the machine emitted: M = TE x TS x RS.

    Attributes:
        grams_co2e, low_grams_co2e, high_grams_co2e: M.
        machine_kg_co2e, low_machine_kg_co2e, high_machine_kg_co2e: TE, of the whole machine.
        life_seconds: how long the machine is used.
        time_share: TS, the run's part of that.
        resource_share: RS, the tree's part of the machine's CPU time meanwhile, and of its GPUs'
            energy, each weighted with its part of TE.
        source: of TE, for people.
    """

    grams_co2e: float
    low_grams_co2e: float
    high_grams_co2e: float
    machine_kg_co2e: float
    low_machine_kg_co2e: float
    high_machine_kg_co2e: float
    life_seconds: float
    time_share: float
    resource_share: float
    source: str


class Rate(Record):
    """Emissions for each functional unit R of which the run has done ``count``."""

    unit: str
    count: float
    grams_co2e: float | None
    low_grams_co2e: float | None
    high_grams_co2e: float | None


class Sci(Record):
    """Software carbon intensity, ((E x I) + M) per R, and its parts.

    Attributes:
        standard: that defines it.
        energy_kwh: E, with what the building needs (PUE).
        g_per_kwh: I, location-based; ``basis`` and ``signal`` say what it counts.
        operational_grams_co2e: O = E x I.
        embodied_grams_co2e: M.
        rates: one for each functional unit.
    """

    standard: str
    energy_kwh: float | None
    g_per_kwh: float | None
    basis: str | None
    signal: str | None
    operational_grams_co2e: float | None
    embodied_grams_co2e: float | None
    rates: tuple[Rate, ...]


class Water(Record):
    """Water for cooling and in power plants; experimental.

    Attributes:
        status: ``experimental``.
        litres, low_litres, high_litres: both parts together.
        on_site_litres: E x WUE.
        grid_litres: E x PUE x EWIF.
        wue_litres_per_kwh: water usage effectiveness of the site.
        ewif_litres_per_kwh: energy water intensity factor of the grid.
        source: of both, for people.
    """

    status: str
    litres: float | None
    low_litres: float | None
    high_litres: float | None
    on_site_litres: float | None
    grid_litres: float | None
    wue_litres_per_kwh: float | None
    ewif_litres_per_kwh: float | None
    source: str | None


class Cost(Record):
    """What the energy costs, with what the building needs, at one price."""

    amount: float | None
    low_amount: float | None
    high_amount: float | None
    currency: str
    price_per_kwh: float


class Equivalence(Record):
    """The grams of the run as something that people know; ``unit`` is m, s or a word."""

    what: str
    amount: float
    low_amount: float
    high_amount: float
    unit: str
    source: str


class Footprint(Record):
    """Everything of that which was asked for; None or empty where it was not."""

    pue: Pue | None = None
    embodied: Embodied | None = None
    sci: Sci | None = None
    water: Water | None = None
    cost: Cost | None = None
    equivalences: tuple[Equivalence, ...] = ()
