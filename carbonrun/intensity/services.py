"""The services that can be asked: what each has, needs, and is told. Pure.

Responsible for: the table that options, ``carbonrun intensity sources`` and the providers share.
Not responsible for: asking them (``providers``). On the fast path where one is chosen, so that a
missing key is told before the command starts.
"""

from __future__ import annotations

from carbonrun.intensity.model import AVERAGE, DIRECT, LIFECYCLE, MARGINAL
from carbonrun.record import Record

BUNDLED = "bundled"
_DAY = 86400.0


class Service(Record):
    """One service.

    Attributes:
        name: as in ``--provider``.
        title: for people.
        url: where it is; None where the user has to say (``--intensity-url``).
        covers: which zones, for people.
        basis, signal: of its figures; None where the user declares them.
        lookahead_seconds: how far ahead it tells without being asked for a forecast.
        key: what ``CARBONRUN_<NAME>_KEY`` holds, None if it needs none.
        sent: what it is told.
        licence, attribution: of the figures.
        remark: what else there is to know, or None.
    """

    name: str
    title: str
    url: str | None
    covers: str
    basis: str | None
    signal: str | None
    lookahead_seconds: float
    key: str | None = None
    sent: str = "zone and period"
    licence: str | None
    attribution: str | None
    remark: str | None = None

    @property
    def key_variable(self) -> str:
        """Return the environment variable that holds the key."""
        return f"CARBONRUN_{self.name.upper().replace('-', '_')}_KEY"


SERVICES: tuple[Service, ...] = (
    Service(
        name="electricitymaps", title="Electricity Maps",
        url="https://api.electricitymaps.com/v4", covers="about 350 zones of the world",
        basis=LIFECYCLE, signal=AVERAGE, lookahead_seconds=0.0, key="a token (auth-token)",
        licence=None, attribution="Electricity Maps",
        remark="free keys: personal use, one zone, the last 24 hours, no forecast",
    ),
    Service(
        name="neso", title="NESO Carbon Intensity API",
        url="https://api.carbonintensity.org.uk", covers="GB, and its regions GB-1 to GB-17",
        basis=DIRECT, signal=AVERAGE, lookahead_seconds=2 * _DAY,
        licence="CC-BY-4.0", attribution="NESO Carbon Intensity API (CC-BY-4.0)",
        remark="Great Britain without Northern Ireland; the regions have forecasts only",
    ),
    Service(
        name="energinet", title="Energinet, Energi Data Service",
        url="https://api.energidataservice.dk", covers="DK-DK1, DK-DK2",
        basis=DIRECT, signal=AVERAGE, lookahead_seconds=_DAY,
        licence="CC-BY-4.0", attribution="Energinet, Energi Data Service (CC-BY-4.0)",
    ),
    Service(
        name="energy-charts", title="Energy-Charts, Fraunhofer ISE",
        url="https://api.energy-charts.info", covers="about 35 countries of Europe",
        basis=LIFECYCLE, signal=AVERAGE, lookahead_seconds=_DAY,
        licence="CC-BY-4.0 (API), personal use (site)", attribution="Energy-Charts, Fraunhofer ISE",
        remark="its terms contradict each other: see whether they suit your use",
    ),
    Service(
        name="rte", title="RTE éCO2mix, Open Data Réseaux Énergies",
        url="https://odre.opendatasoft.com", covers="FR",
        basis=DIRECT, signal=AVERAGE, lookahead_seconds=0.0,
        sent="period", licence="Licence Ouverte 2.0",
        attribution="RTE, éCO2mix (Licence Ouverte 2.0)",
    ),
    Service(
        name="green-grid-compass", title="Green Grid Compass",
        url="https://eco2grid.com/green-grid-compass/v2", covers="countries of Europe",
        basis=DIRECT, signal=AVERAGE, lookahead_seconds=2 * _DAY, key="an apikey (free)",
        licence=None, attribution="Green Grid Compass (50Hertz, FfE, TenneT)",
        remark="gives bounds of its own",
    ),
    Service(
        name="watttime", title="WattTime",
        url="https://api.watttime.org", covers="regions of the world; free keys: US-CA",
        basis=DIRECT, signal=MARGINAL, lookahead_seconds=3 * _DAY, key="USER:PASSWORD",
        licence=None, attribution="WattTime",
        remark="marginal: to choose when to start, never the footprint of a run",
    ),
    Service(
        name="carbon-aware-sdk", title="Carbon Aware SDK web API",
        url=None, covers="what yours covers, by names of cloud regions",
        basis=None, signal=None, lookahead_seconds=_DAY, licence=None, attribution=None,
        remark="declare what it gives: URL#signal=average&basis=lifecycle",
    ),
    Service(
        name="http-json", title="JSON of your own over HTTP",
        url=None, covers="what it has", basis=None, signal=None, lookahead_seconds=_DAY,
        licence=None, attribution=None,
        remark="{zone}, {start} and {end} in the URL are filled in; declare signal and basis "
        "behind #, or in the JSON",
    ),
    Service(
        name="file", title="a file of your own, JSON or CSV",
        url=None, covers="what it has", basis=None, signal=None, lookahead_seconds=3 * _DAY,
        sent="nothing", licence=None, attribution=None,
        remark="columns start, end, g_per_kwh; declare signal and basis behind #",
    ),
)  # fmt: skip

# What may be multiplied with energy; a declared one is looked at when its figures are there.
FOR_RUNS = (BUNDLED, *(service.name for service in SERVICES if service.signal != MARGINAL))


def service_named(name: str) -> Service:
    """Return the service of that name.

    Raises:
        KeyError: there is none.
    """
    return {service.name: service for service in SERVICES}[name]


def host_of(url: str) -> str:
    """Return who is asked, without credentials."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]
