"""What is shown of a calibration."""

from __future__ import annotations

from carbonrun.cli.calibration_text import calibration_text
from carbonrun.measurement.calibration import Calibration, DeviceCalibration
from carbonrun.measurement.fitted_power import FittedPower, Idle, LoadPoint


def point(load: float, watts: float) -> LoadPoint:
    return LoadPoint(load=load, watts=watts, low_watts=watts - 1, high_watts=watts + 1)


CALIBRATION = Calibration(
    machine_id="m1",
    calibrated_at="2026-11-25T10:00:00.000Z",
    version="0.1.0",
    cpu_model="Some\x1b[31m CPU",
    logical_cpus=4,
    kernel="Linux 6.1",
    devices=(
        DeviceCalibration(
            id="package-0",
            kind="cpu",
            name="CPU package-0",
            meter="rapl-powercap",
            source="RAPL",
            low_factor=0.9,
            high_factor=1.1,
            idle=Idle(watts=10.04, low_watts=9.5, high_watts=10.5),
            points=(point(0.26, 22), point(1.0, 1234)),
        ),
    ),
    cpu=FittedPower(
        idle_watts=10.0,
        idle_low_watts=9.0,
        idle_high_watts=11.0,
        full_watts=50.0,
        low_factor=0.7,
        high_factor=1.5,
        curve=((0.0, 0.0), (1.0, 1.0)),
        source="calibrated against package-0, 2026-11-25",
        how="how",
        idle_source="i",
    ),
    remarks=("the machine runs on its battery",),
)


def test_a_table_and_where_it_comes_from() -> None:
    assert calibration_text(CALIBRATION, "/state/c.json") == (
        """\
device     CPUs busy  power   between
package-0  idle       10 W    9.5 to 10.5 W
           26%        22 W    21 to 23 W
           100%       1234 W  1233 to 1235 W

calibrated  2026-11-25T10:00:00.000Z by carbonrun 0.1.0
machine     Some\\x1b[31m CPU, 4 CPUs, Linux 6.1
fitted      10 W idle, 50 W full, the truth 0.7 to 1.5 times that; \
calibrated against package-0, 2026-11-25
remark      the machine runs on its battery
file        /state/c.json
"""
    )


def test_no_model() -> None:
    text = calibration_text(CALIBRATION.replace(cpu=None, cpu_model=None), "/x")
    assert "fitted      no model of the CPUs\n" in text
    assert "machine     unknown CPU, 4 CPUs, Linux 6.1\n" in text
