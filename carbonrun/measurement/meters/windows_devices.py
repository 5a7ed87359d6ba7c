"""Devices of Windows that offer the Energy Meter Interface; the door to its system libraries.

Source: CM_Get_Device_Interface_ListW, CreateFileW and DeviceIoControl of the Windows API;
GUID_DEVICE_ENERGY_METER of ``emi.h``.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.meters.emi import EmiDevice

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _cfgmgr = ctypes.WinDLL("cfgmgr32")
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.CreateFileW.restype = wintypes.HANDLE
    # The bytes of {45BD8344-7ED6-49CF-A440-C276C933B053} as a GUID has them in memory.
    _ENERGY_METER = bytes.fromhex("4483bd45d67ecf49a440c276c933b053")
    _GENERIC_READ = 0x80000000
    _SHARE_READ_AND_WRITE = 3
    _OPEN_EXISTING = 3
    _INVALID_HANDLE = ctypes.c_void_p(-1).value

    class Device:
        """An open device."""

        def __init__(self, path: str) -> None:
            """Open it.

            Raises:
                OSError: as CreateFile.
            """
            self.path = path
            self._handle: int | None = None
            self._open()

        def ask(self, code: int, size: int) -> bytes:
            """Return up to ``size`` bytes in answer to a control code.

            Raises:
                OSError: as DeviceIoControl.
            """
            answer = ctypes.create_string_buffer(size)
            told = wintypes.DWORD()
            done = _kernel.DeviceIoControl(
                wintypes.HANDLE(self._open()), wintypes.DWORD(code), None, 0,
                answer, wintypes.DWORD(size), ctypes.byref(told), None,
            )  # fmt: skip
            if not done:
                raise ctypes.WinError(ctypes.get_last_error())
            return answer.raw[: told.value]

        def close(self) -> None:
            """Give the handle back; asking opens the device again."""
            handle, self._handle = self._handle, None
            if handle is not None:
                _kernel.CloseHandle(wintypes.HANDLE(handle))

        def _open(self) -> int:
            if self._handle is None:
                handle = _kernel.CreateFileW(
                    self.path, wintypes.DWORD(_GENERIC_READ), _SHARE_READ_AND_WRITE, None,
                    _OPEN_EXISTING, 0, None,
                )  # fmt: skip
                if handle in (None, _INVALID_HANDLE):
                    raise ctypes.WinError(ctypes.get_last_error())
                self._handle = int(handle)
            return self._handle

    def _paths() -> list[str]:
        size = wintypes.ULONG()
        guid = ctypes.create_string_buffer(_ENERGY_METER, len(_ENERGY_METER))
        if _cfgmgr.CM_Get_Device_Interface_List_SizeW(ctypes.byref(size), guid, None, 0):
            return []
        names = ctypes.create_unicode_buffer(size.value)
        if _cfgmgr.CM_Get_Device_Interface_ListW(guid, None, names, size, 0):
            return []
        return [name for name in ctypes.wstring_at(names, size.value).split("\0") if name]


def open_energy_meters() -> list[EmiDevice]:
    """Return the devices that can be opened; empty on other systems."""
    devices: list[EmiDevice] = []
    if sys.platform == "win32":
        for path in _paths():
            try:
                devices.append(Device(path))
            except OSError:
                continue
    return devices
