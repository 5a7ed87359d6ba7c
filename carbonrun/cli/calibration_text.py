"""A calibration as a table for people. Pure."""

from __future__ import annotations

from carbonrun.report.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from carbonrun.measurement.calibration import Calibration, DeviceCalibration

_HEADINGS = ("device", "CPUs busy", "power", "between")


def calibration_text(calibration: Calibration, path: str) -> str:
    """Return the lines: devices with their idle and loaded power, then where and how."""
    rows = [_HEADINGS]
    for device in calibration.devices:
        rows += _device_rows(device)
    lines = [*_aligned(rows), ""]
    cpus = f"{calibration.logical_cpus} CPUs"
    facts = [
        ("calibrated", f"{calibration.calibrated_at} by carbonrun {calibration.version}"),
        ("machine", f"{calibration.cpu_model or 'unknown CPU'}, {cpus}, {calibration.kernel}"),
        ("fitted", _model_text(calibration)),
        *(("remark", remark) for remark in calibration.remarks),
        ("file", path),
    ]
    lines += _aligned(facts)
    return "".join(f"{printable(line)}\n" for line in lines)


def _device_rows(device: DeviceCalibration) -> Iterator[tuple[str, str, str, str]]:
    idle = device.idle
    yield device.id, "idle", _watts(idle.watts), _between(idle.low_watts, idle.high_watts)
    for point in device.points:
        between = _between(point.low_watts, point.high_watts)
        yield "", f"{point.load:.0%}", _watts(point.watts), between


def _model_text(calibration: Calibration) -> str:
    power = calibration.cpu
    if power is None:
        return "no model of the CPUs"
    return (
        f"{_watts(power.idle_watts)} idle, {_watts(power.full_watts)} full, the truth "
        f"{power.low_factor:.2g} to {power.high_factor:.2g} times that; {power.source}"
    )


def _watts(watts: float) -> str:
    return f"{watts:.3g} W" if watts < 1000 else f"{watts:.0f} W"  # noqa: PLR2004


def _between(low_watts: float, high_watts: float) -> str:
    return f"{_watts(low_watts)[:-2]} to {_watts(high_watts)}"


def _aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    rows = list(rows)
    columns = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(size) for cell, size in zip(row, columns, strict=True)).rstrip()
        for row in rows
    ]
