"""Finds the NVIDIA GPUs of the machine."""

from __future__ import annotations

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.gpu.nvml.binding import load_binding
from carbonrun.measurement.gpu.nvml.device import NvmlDevice
from carbonrun.measurement.gpu.nvml.driver import (
    DRIVER_NOT_LOADED,
    FUNCTION_NOT_FOUND,
    LIB_RM_VERSION_MISMATCH,
    LIBRARY_NOT_FOUND,
    NO_PERMISSION,
    NOT_FOUND,
    Driver,
    Refused,
)
from carbonrun.measurement.gpu.nvml.identities import Identities

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_HINTS = {
    DRIVER_NOT_LOADED: "load the NVIDIA driver (modprobe nvidia), or see why it does not start",
    LIBRARY_NOT_FOUND: "install the user-space part of the NVIDIA driver; in a container, ask for "
    "the driver capability 'utility' (NVIDIA_DRIVER_CAPABILITIES)",
    NO_PERMISSION: "let this user read /dev/nvidiactl and /dev/nvidia0",
    LIB_RM_VERSION_MISMATCH: "restart the machine: the driver was updated",
    FUNCTION_NOT_FOUND: "update the NVIDIA driver, or install an older nvidia-ml-py",
}


class Devices:
    """All GPUs that the library lists.

    Attributes:
        all: in the order of the library.
        identities: of the processes on them.
        lost: what the library counts and does not give, in words.
        driver_version: for people.
    """

    def __init__(self, procfs: str, unix_seconds: Callable[[], float]) -> None:
        """Start the library.

        Raises:
            MeterUnavailable: there is no binding, no library, or no driver.
        """
        self.identities = Identities(procfs)
        driver = Driver(load_binding())
        try:
            driver.ask("Init")
            count = int(driver.ask("DeviceGetCount"))
        except Refused as error:
            message = f"NVML: {error.text}"
            raise MeterUnavailable(message, _HINTS.get(error.code)) from error
        self.all: list[NvmlDevice] = []
        self.lost: list[str] = []
        for index in range(count):
            try:
                handle = driver.ask("DeviceGetHandleByIndex", index)
                device = NvmlDevice(driver, handle, index, self.identities, unix_seconds)
            except Refused as error:
                if error.code != NOT_FOUND:
                    self.lost.append(f"GPU {index}: {error.text}")
            else:
                self.all.append(device)
        self.driver_version = _version(driver)


def _version(driver: Driver) -> str:
    try:
        return driver.text("SystemGetDriverVersion")
    except Refused:
        return "unknown"
