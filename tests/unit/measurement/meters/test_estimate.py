from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.clock import Instant
from carbonrun.measurement.fitted_power import FittedPower
from carbonrun.measurement.host import CpuIdentity, HostFacts
from carbonrun.measurement.load_curve import LINEAR, Curve
from carbonrun.measurement.meters.cpu_power import CpuPower
from carbonrun.measurement.meters.estimate import CpuEstimate, MemoryEstimate, discover
from carbonrun.measurement.model import IdleFloor, MachineState
from carbonrun.notes import Notes

if TYPE_CHECKING:
    from pathlib import Path

IDLE_WATTS, FULL_WATTS, CPUS = 10.0, 50.0, 4
BENT: Curve = ((0.0, 0.0), (0.5, 0.75), (1.0, 1.0))


def power(curve: Curve = LINEAR) -> CpuPower:
    return CpuPower(
        idle_watts=IDLE_WATTS,
        idle_low_watts=5,
        idle_high_watts=20,
        full_watts=FULL_WATTS,
        full_low_watts=25,
        full_high_watts=100,
        low_factor=0.5,
        high_factor=2.0,
        curve=curve,
        source="a table, 2026",
        year=2026,
        how="test",
    )


def host(*, virtual: bool = False) -> HostFacts:
    return HostFacts(
        cpu=CpuIdentity(model_name="Test CPU"),
        logical_cpus=CPUS,
        sockets=1,
        threads_per_core=2,
        memory_bytes=1000,
        virtual=virtual,
    )


def at(seconds: float, asleep_seconds: float = 0.0) -> Instant:
    return Instant(
        monotonic_seconds=100 + seconds,
        boottime_seconds=100 + seconds + asleep_seconds,
        unix_seconds=1.7e9 + seconds,
    )


def state(busy_seconds: float, cpus: int = CPUS) -> MachineState:
    return MachineState(busy_cpu_seconds=5000 + busy_seconds, logical_cpus=cpus, memory_bytes=1000)


def meter(curve: Curve = LINEAR) -> CpuEstimate:
    result = CpuEstimate(power(curve), host())
    assert result.read_joules(at(0), state(0)) == 0.0
    return result


def codes(of: CpuEstimate | MemoryEstimate) -> list[str]:
    notes = Notes()
    of.notes(notes)
    return [note.code for note in notes.all()]


@pytest.mark.parametrize(
    ("curve", "busy_seconds", "watts"),
    [
        (LINEAR, 0, 10),
        (LINEAR, 20, 30),
        (LINEAR, 40, 50),
        (BENT, 0, 10),
        (BENT, 20, 10 + 40 * 0.75),
        (BENT, 40, 50),
    ],
)
def test_power_at_idle_half_and_full_load(curve: Curve, busy_seconds: float, watts: float) -> None:
    assert meter(curve).read_joules(at(10), state(busy_seconds)) == pytest.approx(10 * watts)


FITTED = FittedPower(
    idle_watts=IDLE_WATTS,
    idle_low_watts=9,
    idle_high_watts=11,
    full_watts=FULL_WATTS,
    low_factor=0.7,
    high_factor=1.5,
    curve=((0.0, 0.0), (0.25, 0.5), (1.0, 1.0)),
    source="calibrated against psys, 2026-11-25",
    how="a fit",
    idle_source="calibrated 2026-11-25",
)


@pytest.mark.parametrize(("load", "watts"), [(0, 10), (0.25, 30), (0.5, 10 + 40 * 2 / 3), (1, 50)])
def test_power_on_a_fitted_curve(load: float, watts: float) -> None:
    fitted = CpuEstimate(FITTED, host())
    fitted.read_joules(at(0), state(0))
    assert fitted.read_joules(at(10), state(10 * CPUS * load)) == pytest.approx(10 * watts)


def test_a_fitted_model_says_what_it_was_calibrated_against(tmp_path: Path) -> None:
    fitted = discover(str(tmp_path), str(tmp_path), FITTED)[0].device
    assert (fitted.id, fitted.method) == ("cpu", "estimated")
    assert fitted.source == "calibrated against psys, 2026-11-25"
    assert (fitted.low_factor, fitted.high_factor) == (0.7, 1.5)
    assert fitted.idle == IdleFloor(
        watts=IDLE_WATTS, low_watts=9, high_watts=11, source="calibrated 2026-11-25"
    )


Steps = st.lists(
    st.tuples(st.floats(min_value=0, max_value=50), st.floats(min_value=0, max_value=1)),
    min_size=1,
    max_size=30,
)


@given(Steps, st.sets(st.integers(min_value=0, max_value=29)))
def test_the_linear_model_does_not_depend_on_how_often_it_is_read(
    steps: list[tuple[float, float]], dropped: set[int]
) -> None:
    every, some = meter(), meter()
    seconds = busy_seconds = every_joules = some_joules = 0.0
    for index, (step_seconds, load) in enumerate(steps):
        seconds += step_seconds
        busy_seconds += CPUS * step_seconds * load
        every_joules = every.read_joules(at(seconds), state(busy_seconds))
        if index == len(steps) - 1 or index not in dropped:
            some_joules = some.read_joules(at(seconds), state(busy_seconds))
    assert some_joules == pytest.approx(every_joules, rel=1e-6, abs=1e-6)


@given(
    st.sampled_from([LINEAR, BENT]),
    st.lists(
        st.tuples(
            st.floats(min_value=-5, max_value=5),
            st.floats(min_value=-100, max_value=1e6),
            st.integers(min_value=1, max_value=64),
        ),
        max_size=20,
    ),
)
def test_it_never_decreases_and_stays_between_idle_and_full(
    curve: Curve, steps: list[tuple[float, float, int]]
) -> None:
    model = meter(curve)
    seconds = last = latest = 0.0
    busy_seconds = 0.0
    for step_seconds, busy, cpus in steps:
        seconds += step_seconds
        latest = max(latest, seconds)
        busy_seconds += busy
        joules = model.read_joules(at(seconds), state(busy_seconds, cpus))
        assert joules >= last
        last = joules
    most_cpus = max([CPUS, *(cpus for _, _, cpus in steps)])
    most_watts = IDLE_WATTS + (FULL_WATTS - IDLE_WATTS) / CPUS * most_cpus
    # The clock here may go backwards and forwards again; idle time then counts once at most.
    assert IDLE_WATTS * latest <= last + 1e-6
    assert last <= most_watts * (latest + 0.1) + 1e-6


def test_no_time_is_no_energy_and_loses_no_busy_time() -> None:
    model = meter()
    assert model.read_joules(at(0), state(1)) == 0.0
    assert model.read_joules(at(10), state(20)) == pytest.approx(300)


def test_cpus_that_go_change_only_what_they_would_have_done() -> None:
    model = meter()
    model.read_joules(at(10), state(40))
    assert model.read_joules(at(20), state(60, cpus=2)) == pytest.approx(500 + 300)


def test_a_container_that_shows_few_cpus_is_not_billed_at_full_power() -> None:
    shown, hidden = meter(BENT), meter(BENT)
    expected = shown.read_joules(at(10), state(10))
    assert hidden.read_joules(at(10), state(10, cpus=1)) == pytest.approx(expected)


def test_suspended_time_counts_nothing_and_is_told() -> None:
    model = meter()
    joules = model.read_joules(at(10, asleep_seconds=3600), state(20))
    assert joules == pytest.approx(300)
    assert "suspended" in codes(model)
    memory = MemoryEstimate(10**9)
    memory.read_joules(at(0), state(0))
    assert memory.read_joules(at(10, asleep_seconds=3600), state(0)) == pytest.approx(3.92)
    assert "suspended" in codes(memory)


def test_a_first_reading_without_busy_time_is_not_billed_with_all_since_boot() -> None:
    model = CpuEstimate(power(), host())
    model.read_joules(at(0), MachineState(busy_cpu_seconds=0.0, logical_cpus=1, memory_bytes=0))
    assert model.read_joules(at(10), state(20)) == pytest.approx(100)
    assert model.read_joules(at(20), state(40)) == pytest.approx(400)
    assert "busy-time-jumped" in codes(model)


def test_busy_time_that_could_not_be_read_for_a_while_is_made_up_for() -> None:
    model = meter()
    for second in range(1, 10):
        model.read_joules(at(second), state(0))
    assert model.read_joules(at(10), state(40)) == pytest.approx(500)
    assert codes(model) == ["cpu-estimated"]


def test_busy_time_that_steps_back_is_no_change() -> None:
    model = meter()
    model.read_joules(at(10), state(20))
    model.read_joules(at(11), state(19))
    assert model.read_joules(at(12), state(22)) == pytest.approx(120 + 220)


def test_the_device_says_what_it_rests_on() -> None:
    device = CpuEstimate(power(), host()).device
    assert (device.id, device.kind, device.meter) == ("cpu", "cpu", "estimate")
    assert device.method == "estimated"
    assert (device.low_factor, device.high_factor) == (0.5, 2.0)
    assert device.idle is not None
    assert (device.idle.low_watts, device.idle.watts, device.idle.high_watts) == (5, 10, 20)


def test_the_note_tells_the_bounds() -> None:
    notes = Notes()
    CpuEstimate(power(), host()).notes(notes)
    (note,) = notes.all()
    assert "is a model (test)" in note.message
    assert "0.5 to 2 times" in note.message


@given(st.integers(min_value=1, max_value=2**44), st.floats(min_value=0, max_value=1e6))
def test_memory_is_idle_power_by_size(memory_bytes: int, seconds: float) -> None:
    memory = MemoryEstimate(memory_bytes)
    assert memory.read_joules(at(0), state(0)) == 0.0
    elapsed = at(seconds).monotonic_seconds - at(0).monotonic_seconds
    joules = memory.read_joules(at(seconds), state(1000))
    assert joules == pytest.approx(0.392 * memory_bytes / 1e9 * elapsed)
    assert memory.device.idle is not None
    assert memory.device.idle.watts * elapsed == pytest.approx(joules)
    assert codes(memory) == ["memory-estimated"]


def test_the_bounds_of_memory_contain_the_figures_of_others() -> None:
    device = MemoryEstimate(10**9).device
    for watts_per_gb in (0.284, 0.375, 5 / 64, 5 / 8):
        assert device.low_factor <= watts_per_gb / 0.392 <= device.high_factor


def test_discover_on_a_simulated_cloud_machine(tmp_path: Path) -> None:
    proc, sys_folder = tmp_path / "proc", tmp_path / "sys"
    cpu_folder = sys_folder / "devices/system/cpu"
    cpu_folder.mkdir(parents=True)
    proc.mkdir()
    (cpu_folder / "online").write_text("0-1\n")
    (proc / "cpuinfo").write_text(
        "vendor_id : GenuineIntel\ncpu family : 6\nmodel : 207\n"
        "model name : Intel(R) Xeon(R) Processor\nstepping : 2\nflags : fpu hypervisor\n"
    )
    (proc / "meminfo").write_text("MemTotal: 16000000 kB\n")
    cpu, memory = discover(str(proc), str(sys_folder))
    assert cpu.device.idle is not None
    assert cpu.device.idle.watts == pytest.approx(2 * 3.588 * 0.086, rel=0.01)
    assert "Emerald Rapids" in cpu.device.source
    assert memory.device.id == "memory"


def test_without_a_memory_size_there_is_no_memory_meter(tmp_path: Path) -> None:
    (only,) = discover(f"{tmp_path}/proc", f"{tmp_path}/sys")
    assert only.device.id == "cpu"


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; before = set(sys.modules);"
        "from carbonrun.measurement.meters.estimate import discover;"
        "discover('/proc', '/sys');"
        "heavy = {'re', 'typing', 'csv', 'dataclasses', 'json', 'pathlib', 'enum', 'psutil'};"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-E", "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
