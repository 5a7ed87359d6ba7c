"""Calls of the library through any binding, and the signs that there is one."""

from __future__ import annotations

import functools
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.gpu.nvml.binding import INSTALL, REPLACE, load_binding
from carbonrun.measurement.gpu.nvml.driver import (
    FUNCTION_NOT_FOUND,
    NOT_SUPPORTED,
    Driver,
    Refused,
    refusal,
)
from carbonrun.measurement.gpu_signs import NVIDIA_LIBRARY, is_nvidia_likely, may_have_nvidia

if TYPE_CHECKING:
    from pathlib import Path


class NvmlError(Exception):
    """As bindings raise it: it cannot be compared, and its text may fail."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.value = value

    def __str__(self) -> str:
        """Fail."""
        raise RuntimeError("no text for this code")


class NVMLLibraryMismatchError(Exception):
    """As bindings name it."""


def failing(error: Exception) -> Driver:
    def call(*_: object) -> None:
        raise error

    return Driver(SimpleNamespace(nvmlCall=call))


def test_answers() -> None:
    binding = SimpleNamespace(nvmlTwice=lambda n: 2 * n, nvmlName=lambda: b"caf\xe9")
    assert Driver(binding).ask("Twice", 4) == 8
    assert Driver(binding).text("Name") == "caf\N{REPLACEMENT CHARACTER}"


def test_texts_that_cannot_be_decoded_or_shown() -> None:
    def raw() -> bytes:
        return b"A\xff\x1b[31m"

    @functools.wraps(raw)
    def decoded() -> str:
        return raw().decode()

    text = Driver(SimpleNamespace(nvmlName=decoded)).text("Name")
    assert text == "A\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31m"


@pytest.mark.parametrize(
    ("error", "code", "is_final"),
    [
        (NvmlError(NOT_SUPPORTED), NOT_SUPPORTED, True),
        (NvmlError(999), 999, False),
        (NVMLLibraryMismatchError(), FUNCTION_NOT_FOUND, True),
        (ValueError("strange"), -1, False),
    ],
)
def test_refusals(error: Exception, code: int, is_final: bool) -> None:
    with pytest.raises(Refused) as caught:
        failing(error).ask("Call")
    assert (caught.value.code, caught.value.is_final) == (code, is_final)
    assert refusal(error).text


def test_a_function_that_the_binding_lacks() -> None:
    with pytest.raises(Refused, match="nvidia-ml-py"):
        Driver(SimpleNamespace()).ask("Call")


@pytest.mark.parametrize(("kind", "name"), [(1, "uiVal"), (3, "ullVal"), (77, "ullVal")])
def test_fields_have_a_type_of_their_own(kind: int, name: str) -> None:
    row = SimpleNamespace(nvmlReturn=0, valueType=kind, value=SimpleNamespace(), timestamp=7)
    setattr(row.value, name, 250_000)
    driver = Driver(SimpleNamespace(nvmlDeviceGetFieldValues=lambda *_: [row]))
    assert driver.field(object(), 186, 0) == (250_000, 7)
    row.nvmlReturn = NOT_SUPPORTED
    with pytest.raises(Refused):
        driver.field(object(), 186, 0)


def test_signs_of_a_gpu(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "driver" / "nvidia").mkdir(parents=True)
    environment = {"LD_LIBRARY_PATH": f"::{tmp_path}/none:{tmp_path}/lib"}
    here = may_have_nvidia(str(tmp_path / "proc"), {})
    assert is_nvidia_likely(str(tmp_path / "proc"), environment) <= here
    assert is_nvidia_likely(str(tmp_path), {}), "the driver's folder in procfs"
    (tmp_path / "lib" / NVIDIA_LIBRARY).write_bytes(b"")
    assert is_nvidia_likely(str(tmp_path / "proc"), environment)
    assert may_have_nvidia(str(tmp_path / "proc"), environment)


def binding_named(monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", module)


def test_no_binding(monkeypatch: pytest.MonkeyPatch) -> None:
    binding_named(monkeypatch, None)
    with pytest.raises(MeterUnavailable, match="cannot be imported") as caught:
        load_binding()
    assert caught.value.hint == INSTALL


def test_another_module_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    binding_named(monkeypatch, ModuleType("pynvml"))
    with pytest.raises(MeterUnavailable, match="another package") as caught:
        load_binding()
    assert caught.value.hint == REPLACE


def test_the_real_binding() -> None:
    assert load_binding() is sys.modules["pynvml"]
