"""Why a RAPL device cannot be measured, and what to do about it: words only, no measurement.

Imported only where something is amiss.
"""

from __future__ import annotations

import errno
import os

from carbonrun.measurement.meters.powercap import CLASS_FOLDER, DEVICE_FOLDER
from carbonrun.measurement.model import CPU, Unmeasured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.meters.powercap import Domain, Finding

LOAD_DRIVER = "on bare metal load the driver: sudo modprobe intel_rapl_msr (for AMD too)"
_CONTAINER_HINT = (
    "give the container the host's files and name them: "
    "docker run -v /sys:/host/sys:ro ... carbonrun --sysfs /host/sys ..."
)


def denied(domain: Domain, finding: Finding) -> Unmeasured:
    """Describe a device whose counter may not be read."""
    if finding.has_nested_only:
        command = f"sudo find {finding.root}/ -name energy_uj -exec chmod a+r {{}} +"
    else:
        # The class folder lists nested zones beside the others, and * matches colons too.
        command = f"sudo chmod a+r {finding.root}/intel-rapl*:*/energy_uj"
    return Unmeasured(
        id=domain.id,
        kind=domain.kind,
        reason=f"{domain.zones[0].path}/energy_uj may only be read by root "
        "(because of the side channel CVE-2020-8694)",
        hint=f"until the next boot: {command} ; for good, a udev rule: "
        'ACTION=="add", SUBSYSTEM=="powercap", KERNEL=="intel-rapl*:*", '
        'RUN+="/bin/chmod a+r /sys%p/energy_uj" (or a tmpfiles.d line of type z)',
    )


def failed(domain: Domain, reason: str) -> Unmeasured:
    """Describe a device whose counter is there but does not give a number."""
    return Unmeasured(
        id=domain.id,
        kind=domain.kind,
        reason=f"its counter cannot be read: {reason}",
        hint="see what the kernel says about it: sudo dmesg | grep -i rapl",
    )


def unnamed(directory: str, error_number: int) -> Unmeasured:
    """Describe a package zone that is listed but not there, beside others that are."""
    return Unmeasured(
        id=directory,
        kind=CPU,
        reason=f"the RAPL zone {directory} is listed but has no name: {os.strerror(error_number)}",
        hint=None,
    )


def no_zones(sysfs: str, finding: Finding) -> Unmeasured:
    """Describe a machine without any usable RAPL zone, as far as its files tell why."""
    if not os.path.isdir(sysfs):  # noqa: PTH112
        reason, hint = f"there is no {sysfs}", "check --sysfs"
    elif finding.unnamed and all(number != errno.ENOENT for _, number in finding.unnamed):
        reason = f"the RAPL zones below {finding.root} cannot be read: "
        reason += os.strerror(finding.unnamed[0][1])
        hint = "see what protects them: ls -ldL " + finding.root + "/*"
    elif finding.unnamed or _is_masked(sysfs):
        reason = f"the RAPL zones below {sysfs}/{CLASS_FOLDER} are hidden from this container"
        hint = _CONTAINER_HINT
    else:
        reason = (
            "this machine shows no RAPL zones (virtual machine, container, or CPU without RAPL)"
        )
        hint = LOAD_DRIVER
    return Unmeasured(id="cpu", kind=CPU, reason=reason, hint=hint)


def _is_masked(sysfs: str) -> bool:
    """Tell whether something empty is mounted over the zones: the kernel never shows that."""
    try:
        return not os.listdir(f"{sysfs}/{DEVICE_FOLDER}")  # noqa: PTH208
    except OSError:
        return False
