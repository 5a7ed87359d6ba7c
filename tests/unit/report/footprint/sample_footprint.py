"""The sample report with everything that can be asked for beside its grams."""

from __future__ import annotations

from carbonrun.measurement.parts import SERVER, Parts
from carbonrun.report.footprint.cost import cost_of
from carbonrun.report.footprint.embodied import embodied_of, making_of
from carbonrun.report.footprint.equivalences import equivalences_of
from carbonrun.report.footprint.model import Embodied, Footprint, Pue
from carbonrun.report.footprint.sci import sci_of
from carbonrun.report.footprint.water import LitresPerKwh, water_of
from tests.unit.report.sample_report import REPORT

SERVER_PARTS = Parts(
    kind=SERVER,
    cpu_model=None,
    sockets=2,
    logical_cpus=128,
    memory_bytes=400 * 2**30,
    solid_state_drives=2,
    hard_disks=1,
    gpus=1,
)
MAKING = making_of(SERVER_PARTS, None)


def _embodied() -> Embodied:
    embodied = embodied_of(REPORT, MAKING, 4.0)
    assert embodied is not None
    return embodied


EMBODIED = _embodied()
PUE = Pue(value=1.15, low=1.06, high=1.6, of="provider", year=2024, source="Amazon 2024")
SITE = LitresPerKwh(value=1.8, low=1.0, high=2.6, source="as given")
FOOTPRINT = Footprint(
    pue=PUE,
    embodied=EMBODIED,
    sci=sci_of(REPORT, EMBODIED, {"epoch": 12.0, "request": 3e5}),
    water=water_of(REPORT, SITE, SITE.replace(value=3.0, low=2.0, high=8.0)),
    cost=cost_of(REPORT, 0.3, "EUR"),
    equivalences=equivalences_of(REPORT.emissions),
)
WITH_FOOTPRINT = REPORT.replace(footprint=FOOTPRINT)
