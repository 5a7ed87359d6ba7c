"""Every source of a number survives what the kernel may answer, and says what it was."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.cray import PmCounter
from carbonrun.measurement.meters.energy_file import EnergyFile
from carbonrun.measurement.meters.msr import RegisterSource
from carbonrun.measurement.meters.power_file import read_number
from carbonrun.measurement.meters.topology import counter_dies, parse_list, vendor_and_model
from carbonrun.measurement.tree.perf import read_count
from tests.machine.sim_topology import AMD_SERVER, SimulatedCpus
from tests.machine.unprivileged import public_folder, run_unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Nothing is mapped at address 0, where a counter's file is read: a real EIO of the kernel's.
INPUT_OUTPUT_ERROR = "/proc/self/mem"


def register_source(path: Path) -> RegisterSource:
    """Read register 0 of a CPU whose file is at ``path``, below ``cpu/0``."""
    return RegisterSource(str(path.parents[2]), (0,), 0)


SOURCES: dict[str, Callable[[Path], Callable[[], int]]] = {
    "energy_uj": lambda path: EnergyFile(str(path)).read,
    "pm_counters": lambda path: PmCounter(str(path)).read,
    "msr": lambda path: register_source(path).read,
    "power": lambda path: lambda: read_number(str(path)),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cpu/0/msr"
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("prepare", "number"),
    [
        (lambda path: path.symlink_to(INPUT_OUTPUT_ERROR), errno.EIO),
        (lambda path: path.mkdir(), errno.EISDIR),
        (lambda path: path.symlink_to("nowhere"), errno.ENOENT),
        (lambda path: path.symlink_to(path.name), errno.ELOOP),
    ],
)
def test_an_error_of_the_kernel_is_named(
    file: Path, source: str, prepare: Callable[[Path], object], number: int
) -> None:
    prepare(file)
    with pytest.raises(ReadFailed, match=os.strerror(number).split(" (")[0]) as caught:
        SOURCES[source](file)()
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == number


@pytest.mark.parametrize("source", SOURCES)
def test_it_is_read_again_once_it_is_well(file: Path, source: str) -> None:
    file.symlink_to(INPUT_OUTPUT_ERROR)
    read = SOURCES[source](file)
    with pytest.raises(ReadFailed):
        read()
    file.unlink()
    file.write_text("00000012 J 5 us\n" if source == "pm_counters" else "00000012")
    expected = int.from_bytes(b"0000", "little") if source == "msr" else 12
    assert read() == expected


def test_an_event_whose_pmu_is_gone_reads_nothing() -> None:
    """The kernel answers with an end of file for events that are in error."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    with pytest.raises(OSError, match="No such device"):
        read_count(descriptor)
    os.close(descriptor)


def test_permission_lost_in_mid_run_is_a_failed_reading() -> None:
    """The driver is loaded anew: what is open gives nothing, what is new is for root."""
    with public_folder() as folder:
        path = folder / "energy_uj"
        path.write_text("5\n")
        path.chmod(0o666)
        folder.chmod(0o777)

        def readings() -> list[str]:
            file = EnergyFile(str(path))
            told = [str(file.read())]
            os.truncate(path, 0)
            path.unlink()
            path.symlink_to(folder / "private")
            for _ in range(2):
                try:
                    told.append(str(file.read()))
                except ReadFailed as error:
                    told.append(str(error).rpartition(": ")[2])
            return told

        (folder / "private").write_text("7\n")
        (folder / "private").chmod(0o400 if os.geteuid() == 0 else 0)
        assert run_unprivileged(readings) == ["5", "'' is no counter", os.strerror(errno.EACCES)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0-3", (0, 1, 2, 3)), ("0,2-3,9", (0, 2, 3, 9)), ("", ()), ("5", (5,)), ("0\n", (0,))],
)
def test_lists_of_cpus(text: str, numbers: tuple[int, ...]) -> None:
    assert parse_list(text) == numbers


@pytest.mark.parametrize("text", ["a", "3-1", "1-", "-1", "1;2"])
def test_what_is_no_list_of_cpus(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_list(text)


def test_dies_by_vendor(tmp_path: Path) -> None:
    packages = {1: [[0, 4], [1, 5]], 0: [[2, 6], [3, 7]]}
    cpus = SimulatedCpus(tmp_path, packages)
    dies = counter_dies(str(cpus.sysfs), vendor_and_model(str(cpus.procfs))[0])
    assert [(die.package, die.cpus) for die in dies] == [
        (0, (2, 6)),
        (0, (3, 7)),
        (1, (0, 4)),
        (1, (1, 5)),
    ]
    dies = counter_dies(str(cpus.sysfs), AMD_SERVER[0])
    assert [(die.package, die.cpus) for die in dies] == [(0, (2, 3, 6, 7)), (1, (0, 1, 4, 5))]
    cpus.take_offline(2)
    dies = counter_dies(str(cpus.sysfs), AMD_SERVER[0])
    assert [(die.package, die.cpus) for die in dies] == [(0, (3, 6, 7)), (1, (0, 1, 4, 5))]
