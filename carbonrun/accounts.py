"""What is reckoned beside the grams of a run, where it was asked for.

Responsible for: gathering what it takes, from settings, machine and tables; a Note for what is
missing. Not responsible for: the formulas (:mod:`carbonrun.report.footprint`).
"""

from __future__ import annotations

from carbonrun.intensity.cloud_regions import PROVIDER_NAMES, cloud_region
from carbonrun.measurement.inventory import parts_of
from carbonrun.report.footprint.cost import cost_of
from carbonrun.report.footprint.embodied import embodied_of, making_of
from carbonrun.report.footprint.equivalences import equivalences_of
from carbonrun.report.footprint.model import Footprint, Pue
from carbonrun.report.footprint.sci import sci_of
from carbonrun.report.footprint.water import LitresPerKwh, water_of
from carbonrun.values import parse_price

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.intensity.cloud_regions import CloudRegion, Effectiveness
    from carbonrun.measurement.host import HostFacts
    from carbonrun.notes import Notes
    from carbonrun.report.footprint.model import Embodied, Water
    from carbonrun.report.model import Report
    from carbonrun.settings import Settings

_GIVEN = "as given"


class Accounts:
    """Adds to reports what was asked for.

    Attributes:
        pue: of the cloud region, where that was asked for and is known.
    """

    def __init__(
        self, settings: Settings, facts: HostFacts, region_code: str | None, notes: Notes
    ) -> None:
        """Look the cloud region up.

        Args:
            settings: of the run.
            facts: about the machine.
            region_code: the cloud region, as in ``--zone``; None where it is none, or not known.
            notes: where remarks go.
        """
        self._settings = settings
        self._facts = facts
        self._notes = notes
        self._region = _region(region_code)
        self.pue = self._pue() if settings.pue_of_region else None

    def with_accounts(self, report: Report) -> Report:
        """Return the report with all that was asked for, and notes about what is missing."""
        settings = self._settings
        embodied = self._embodied(report) if settings.wants_embodied else None
        price = None if settings.price is None else parse_price(settings.price)
        footprint = Footprint(
            pue=self.pue,
            embodied=embodied,
            sci=sci_of(report, embodied, settings.units) if settings.units else None,
            water=self._water(report) if settings.water else None,
            cost=None if price is None else cost_of(report, *price),
            equivalences=equivalences_of(report.emissions) if settings.equivalences else (),
        )
        return report.replace(footprint=footprint)

    def _pue(self) -> Pue | None:
        region = self._region
        published = None if region is None else region.pue
        if region is None or published is None:
            missing = "the cloud region is not known" if region is None else "none is published"
            message = f"no PUE of the region: {missing}; 1 is used, the machine alone"
            self._notes.warn("pue-unknown", message, "give it as a number: --pue 1.3")
            return None
        name = PROVIDER_NAMES[region.provider]
        return Pue(
            value=published.value,
            low=published.low,
            high=published.high,
            of=published.of,
            year=published.year,
            source=_source(region, published, name),
        )

    def _embodied(self, report: Report) -> Embodied | None:
        settings = self._settings
        parts = parts_of(self._facts, settings.sysfs, len(report.run.host.gpus))
        making = making_of(parts, settings.embodied_kg)
        embodied = embodied_of(report, making, settings.embodied_years)
        if embodied is None:
            message = "embodied emissions are not known, as the CPU time of the tree is not"
            self._notes.warn("embodied-unknown", message)
        return embodied

    def _water(self, report: Report) -> Water:
        wue, ewif = self._wue(report.emissions.pue or 1.0), self._settings.ewif_litres_per_kwh
        if wue is None:
            message = "water on the site is not known: nothing is published for it"
            self._notes.warn("water-site-unknown", message, "give it with --wue, in litres per kWh")
        if ewif is None:
            message = "water of the grid's power plants is not known: no open table came along"
            hint = "give it with --ewif, in litres per kWh"
            self._notes.warn("water-grid-unknown", message, hint)
        return water_of(report, wue, None if ewif is None else _exactly(ewif, _GIVEN))

    def _wue(self, pue: float) -> LitresPerKwh | None:
        """Return what the site uses: as given, of the region, nothing where nothing is cooled."""
        given, region = self._settings.wue_litres_per_kwh, self._region
        if given is not None:
            return _exactly(given, _GIVEN)
        published = None if region is None else region.wue_litres_per_kwh
        if region is not None and published is not None:
            name = PROVIDER_NAMES[region.provider]
            return LitresPerKwh(
                value=published.value,
                low=published.low,
                high=published.high,
                source=_source(region, published, name),
            )
        # A PUE of 1 is to say that the building needs nothing for the machine.
        return _exactly(0.0, "no cooling at PUE 1") if region is None and pue == 1 else None


def _region(code: str | None) -> CloudRegion | None:
    try:
        return None if code is None else cloud_region(code)
    except KeyError:
        return None  # nothing is published for it


def _source(region: CloudRegion, published: Effectiveness, name: str) -> str:
    about = f"{name} {published.year}"
    return about if published.of == "provider" else f"{about}, {region.code}"


def _exactly(value: float, source: str) -> LitresPerKwh:
    return LitresPerKwh(value=value, low=value, high=value, source=source)
