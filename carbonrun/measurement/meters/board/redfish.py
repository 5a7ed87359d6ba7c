"""What a Redfish service says of power. Pure.

Source: DMTF DSP2046, schemas ``Power`` (PowerControl[].PowerConsumedWatts) and
``EnvironmentMetrics`` (PowerWatts.Reading).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

CHASSIS = "/redfish/v1/Chassis"
_PREFIX = "/redfish/"
_RESOURCES = ("EnvironmentMetrics", "Power")


def members(collection: Mapping[str, Any]) -> list[str]:
    """Return the paths of a collection's members, those on the same service only."""
    listed = collection.get("Members")
    links = [_link(each) for each in listed] if isinstance(listed, list) else []
    return [link for link in links if link is not None]


def power_links(chassis: Mapping[str, Any]) -> list[str]:
    """Return the paths of the resources of a chassis that may tell its power."""
    links = [_link(chassis.get(name)) for name in _RESOURCES]
    return [link for link in links if link is not None]


def watts(resource: Mapping[str, Any]) -> float | None:
    """Return the power of a ``Power`` or ``EnvironmentMetrics`` resource, None if it tells none.

    Of several power controls the first is the chassis, others are parts of it.
    """
    reading = resource.get("PowerWatts")
    if isinstance(reading, dict):
        return _number(reading.get("Reading"))
    controls = resource.get("PowerControl")
    for control in controls if isinstance(controls, list) else []:
        value = _number(control.get("PowerConsumedWatts")) if isinstance(control, dict) else None
        if value is not None:
            return value
    return None


def _link(reference: object) -> str | None:
    """Return a path on the service; a link to elsewhere must not get our credentials."""
    link = reference.get("@odata.id") if isinstance(reference, dict) else None
    is_ours = isinstance(link, str) and link.startswith(_PREFIX) and ".." not in link
    return link if is_ours and isinstance(link, str) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)
