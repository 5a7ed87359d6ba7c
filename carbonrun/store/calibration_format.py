"""A calibration as JSON text, and back; what is read is checked in every point."""

from __future__ import annotations

import json
from itertools import pairwise
from math import isfinite

from carbonrun.measurement.calibration import Calibration, DeviceCalibration
from carbonrun.measurement.fitted_power import FittedPower, Idle, LoadPoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class NewerFormat(Exception):
    """The file is of another version of the format."""


def text(calibration: Calibration, schema: str) -> str:
    """Return the calibration as JSON."""
    return json.dumps({"schema": schema, **calibration.as_dict()}, indent=2, allow_nan=False) + "\n"


def parse(content: bytes, schema: str) -> Calibration:
    """Return the calibration in a text.

    Raises:
        NewerFormat: it has another schema.
        ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError: it is
            none.
    """
    entry = json.loads(content)
    if not isinstance(entry["schema"], str) or not entry["schema"].startswith("carbonrun.cal"):
        raise ValueError("it is no calibration")
    if entry["schema"] != schema:
        message = f"its format is {entry['schema']!r}, this version reads {schema!r}"
        raise NewerFormat(message)
    devices = tuple(_device(device) for device in _list(entry["devices"]))
    if len({device.id for device in devices}) != len(devices):
        raise ValueError("it has the same device twice")
    cpu = entry["cpu"]
    return Calibration(
        machine_id=_optional_text(entry["machine_id"]),
        calibrated_at=_text(entry["calibrated_at"]),
        version=_text(entry["version"]),
        cpu_model=_optional_text(entry["cpu_model"]),
        logical_cpus=int(_number(entry["logical_cpus"], 1)),
        kernel=_text(entry["kernel"]),
        devices=devices,
        cpu=None if cpu is None else _fitted(cpu),
        remarks=tuple(_text(remark) for remark in _list(entry["remarks"])),
    )


def _device(entry: dict[str, Any]) -> DeviceCalibration:
    return DeviceCalibration(
        id=_text(entry["id"]),
        kind=_text(entry["kind"]),
        name=_text(entry["name"]),
        meter=_text(entry["meter"]),
        source=_text(entry["source"]),
        low_factor=_number(entry["low_factor"], 0, 1),
        high_factor=_number(entry["high_factor"], 1),
        idle=_idle(entry["idle"]),
        points=tuple(_point(point) for point in _list(entry["points"])),
    )


def _idle(entry: dict[str, Any]) -> Idle:
    low, watts, high = (_number(entry[key]) for key in ("low_watts", "watts", "high_watts"))
    if not low <= watts <= high:
        raise ValueError("its idle power is outside of its bounds")
    return Idle(watts=watts, low_watts=low, high_watts=high)


def _point(entry: dict[str, Any]) -> LoadPoint:
    return LoadPoint(
        load=_number(entry["load"], 0, 1),
        watts=_number(entry["watts"]),
        low_watts=_number(entry["low_watts"]),
        high_watts=_number(entry["high_watts"]),
    )


def _fitted(entry: dict[str, Any]) -> FittedPower:
    idle = _idle({key: entry[f"idle_{key}"] for key in ("low_watts", "watts", "high_watts")})
    curve = tuple(
        (_number(load, 0, 1), _number(share, 0, 1)) for load, share in _list(entry["curve"])
    )
    never_falls = all(a <= b and c <= d for (a, c), (b, d) in pairwise(curve))
    if (curve[0], curve[-1]) != ((0, 0), (1, 1)) or not never_falls:
        raise ValueError("its load curve falls, or does not reach from no load to full load")
    return FittedPower(
        idle_watts=idle.watts,
        idle_low_watts=idle.low_watts,
        idle_high_watts=idle.high_watts,
        full_watts=_number(entry["full_watts"], idle.watts),
        low_factor=_number(entry["low_factor"], 0, 1),
        high_factor=_number(entry["high_factor"], 1),
        curve=curve,
        source=_text(entry["source"]),
        how=_text(entry["how"]),
        idle_source=_text(entry["idle_source"]),
    )


def _number(value: object, least: float = 0.0, most: float = 1e9) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        message = f"{value!r} is no number"
        raise TypeError(message)
    if not isfinite(value) or not least <= value <= most:
        message = f"{value!r} is not between {least:g} and {most:g}"
        raise ValueError(message)
    return float(value)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        message = f"{value!r} is no list"
        raise TypeError(message)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = f"{value!r} is no text"
        raise TypeError(message)
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)
