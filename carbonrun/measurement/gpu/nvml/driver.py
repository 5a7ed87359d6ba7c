"""One call of the library at a time: its answer, or a reason that can be told apart from others.

Bindings differ: old ones lack functions, some raise exceptions that are none of NVML's, and those
of NVML's may not be compared with anything. All of that ends here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Source: nvmlReturn_t in nvml.h.
SUCCESS = 0
INVALID_ARGUMENT = 2
NOT_SUPPORTED = 3
NO_PERMISSION = 4
NOT_FOUND = 6
INSUFFICIENT_SIZE = 7
DRIVER_NOT_LOADED = 9
TIMEOUT = 10
LIBRARY_NOT_FOUND = 12
FUNCTION_NOT_FOUND = 13
GPU_IS_LOST = 15
RESET_REQUIRED = 16
OPERATING_SYSTEM = 17
LIB_RM_VERSION_MISMATCH = 18
UNKNOWN = 999
# Asking again is in vain.
FINAL = frozenset({NOT_SUPPORTED, NO_PERMISSION, FUNCTION_NOT_FOUND})
_TEXTS = {
    INVALID_ARGUMENT: "the driver takes the question for wrong",
    NOT_SUPPORTED: "not supported by this GPU",
    NO_PERMISSION: "no permission",
    DRIVER_NOT_LOADED: "the NVIDIA driver is not loaded",
    TIMEOUT: "the driver's own time for an answer was over",
    LIBRARY_NOT_FOUND: "the library libnvidia-ml.so.1 was not found",
    FUNCTION_NOT_FOUND: "not known to this driver",
    GPU_IS_LOST: "the GPU is lost: it has fallen off the bus",
    RESET_REQUIRED: "the GPU has to be reset",
    OPERATING_SYSTEM: "the operating system refuses the driver's access to the GPU",
    LIB_RM_VERSION_MISMATCH: "the library and the loaded driver differ in version",
    UNKNOWN: "an error that the driver does not name (999)",
}


class Refused(Exception):
    """The library did not answer; ``code`` is NVML's, ``text`` says it in words."""

    def __init__(self, code: int, text: str) -> None:
        """Keep both."""
        super().__init__(text)
        self.code = code
        self.text = text

    @property
    def is_final(self) -> bool:
        """Tell whether asking again is in vain."""
        return self.code in FINAL


class Driver:
    """The library, called by the names of its functions without their prefix ``nvml``."""

    def __init__(self, binding: Any) -> None:
        """Call through ``binding``."""
        self._binding = binding

    def ask(self, name: str, *arguments: Any, is_raw: bool = False) -> Any:
        """Return the answer of a function; if it is to be raw, before the binding decodes it.

        Raises:
            Refused: there is none.
        """
        function = getattr(self._binding, f"nvml{name}", None)
        if function is None:
            raise Refused(FUNCTION_NOT_FOUND, "not known to this version of nvidia-ml-py")
        if is_raw:
            function = getattr(function, "__wrapped__", function)
        try:
            return function(*arguments)
        except Exception as error:
            raise refusal(error) from error

    def text(self, name: str, *arguments: Any) -> str:
        """Return an answer that is a text, what cannot be shown in it replaced.

        Old bindings return bytes, new ones decode them, and fail where they are no UTF-8.

        Raises:
            Refused: there is none.
        """
        answer = self.ask(name, *arguments, is_raw=True)
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
        return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)

    def field(self, handle: Any, field_id: int, scope: int) -> tuple[int, int]:
        """Return a field of an unsigned number and its time in microseconds.

        Raises:
            Refused: the call, or the field in it, has failed.
        """
        row = self.ask("DeviceGetFieldValues", handle, [(field_id, scope)])[0]
        if row.nvmlReturn != SUCCESS:
            raise Refused(row.nvmlReturn, text_of(row.nvmlReturn))
        # Source: nvmlValueType_t: 0 double, 1 unsigned int, 2 unsigned long, 3 unsigned long long.
        names = {0: "dVal", 1: "uiVal", 2: "ulVal", 3: "ullVal"}
        return int(getattr(row.value, names.get(row.valueType, "ullVal"))), int(row.timestamp)


def refusal(error: Exception) -> Refused:
    """Return what an exception of a binding means."""
    code = getattr(error, "value", None)
    if isinstance(code, int):
        return Refused(code, text_of(code))
    if type(error).__name__ == "NVMLLibraryMismatchError":
        return Refused(FUNCTION_NOT_FOUND, "the driver is older than the installed nvidia-ml-py")
    return Refused(-1, f"{type(error).__name__}: {error}")


def text_of(code: int) -> str:
    """Return an error code of NVML in words."""
    return _TEXTS.get(code, f"NVML error {code}")
