"""Accelerators that are no graphics cards: found, named, and not measured.

Their energy is in no figure, which a report has to say. They are known by the kernel's class of
compute accelerators and by the device files of drivers that are older than it, or have none.

Source: Linux, ``Documentation/accel/introduction.rst``; device files: Intel Gaudi (``hl``), AWS
Neuron (``neuron``), Google Coral (``apex``) and Cloud TPU (``accel`` without a class).
"""

from __future__ import annotations

import os

from carbonrun.measurement.gpu_signs import ACCELERATORS, DEVICE_FILES
from carbonrun.measurement.model import GPU, Unmeasured

INSIDE = "inside the package of the CPU, whose energy has its own in it: not added twice"
# What drivers of the class are for; units within a processor are in its energy.
_NAMES = {
    "habanalabs": "Intel Gaudi",
    "qaic": "Qualcomm Cloud AI 100",
    "intel_vpu": "Intel NPU",
    "amdxdna": "AMD NPU",
}
_WITHIN_PROCESSORS = ("intel_vpu", "amdxdna")
_REASON = "this version does not read its energy, which is in no figure"


def accelerators(sysfs: str, dev: str) -> tuple[Unmeasured, ...]:
    """Return a row for each accelerator below the two roots."""
    listed = [
        _of_class(f"{sysfs}/{ACCELERATORS}/{name}")
        for name in _names(f"{sysfs}/{ACCELERATORS}", "accel")
    ]
    others = [
        Unmeasured(id=name, kind=GPU, reason=f"{what}: {_REASON}")
        for prefix, what in DEVICE_FILES.items()
        for name in _names(dev, prefix)
    ]
    return (*listed, *others)


def _of_class(folder: str) -> Unmeasured:
    driver = os.path.realpath(f"{folder}/device/driver").rpartition("/")[2]
    reason = INSIDE if driver in _WITHIN_PROCESSORS else _REASON
    name = _NAMES.get(driver, f"accelerator ({driver})")
    return Unmeasured(id=folder.rpartition("/")[2], kind=GPU, reason=f"{name}: {reason}")


def _names(folder: str, prefix: str) -> list[str]:
    """Return the entries that are ``prefix`` and a number."""
    try:
        names = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []
    return sorted(
        name for name in names if name.startswith(prefix) and name[len(prefix) :].isdigit()
    )
