"""Ledgers, tree and intensity become one report whose figures agree with each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.intensity.feed import IntensityFound
from carbonrun.intensity.model import Point
from carbonrun.measurement.ledger import DeviceLedger
from carbonrun.measurement.model import Device, IdleFloor, Reading, Unmeasured
from carbonrun.notes import INFO, Note
from carbonrun.report.build import Evidence, build_report
from carbonrun.report.load import load_report
from carbonrun.report.model import Program, Report
from tests.unit.report.sample_report import RUN, TREE

START = 1_800_000_000.0
NOTE = Note(code="x", level=INFO, message="x")


def device(name: str, kind: str = "cpu", method: str = "counter") -> Device:
    return Device(
        id=name,
        kind=kind,
        name=name,
        meter="test",
        method=method,
        source="test",
        low_factor=0.9,
        high_factor=1.2,
    )


def ledger(
    of: Device, *steps: tuple[float, float, float, float], floor_watts: float = 2.0
) -> DeviceLedger:
    """Return a ledger from steps of seconds, machine joules, busy and tree's CPU seconds."""
    made = DeviceLedger(
        of, IdleFloor(watts=floor_watts, low_watts=0, high_watts=2 * floor_watts, source="test")
    )
    at = joules = busy = tree = 0.0
    for seconds, energy, whole, part in ((0.0, 0.0, 0.0, 0.0), *steps):
        at, joules, busy, tree = at + seconds, joules + energy, busy + whole, tree + part
        made.add(
            Reading(
                at_seconds=at,
                machine_joules=joules,
                machine_activity=busy,
                tree_activity=tree,
                machine_presence=4 * at,
                tree_presence=tree,
            )
        )
    return made


def intensity(g_per_kwh: float = 100.0) -> IntensityFound:
    point = Point(
        g_per_kwh=g_per_kwh,
        low_g_per_kwh=g_per_kwh / 2,
        high_g_per_kwh=g_per_kwh * 2,
        basis="lifecycle",
        signal="average",
        kind="annual",
        provider="bundled",
        source="test",
        grid_zone="FR",
        year=2024,
    )
    return IntensityFound(points=(point,), grid_zone="FR", zone_source="--zone")


def report(
    *ledgers: DeviceLedger, scope: str = "tree", is_checkpoint: bool = False, **changes: object
) -> Report:
    evidence = Evidence(
        run=RUN.replace(scope=scope),
        tree=TREE.replace(cpu_seconds=10.0, programs=()),
        ledgers=ledgers,
        implausible={},
        unmeasured=(),
        activity_resolution={"cpu": 0.02},
        intensity=intensity(),
        start_unix_seconds=START,
        pue=1.0,
        overhead_cpu_seconds=0.05,
        overhead_peak_memory_bytes=13_000_000,
        notes=(NOTE,),
    )
    return build_report(evidence.replace(**changes), is_checkpoint=is_checkpoint)


# 10 s at 20 W with a floor of 2 W: 180 J above the floor, half of them the tree's, and 10 of the
# 40 CPU seconds that there were: a quarter of the floor's 20 J.
CPU = ledger(device("package-0"), (4.0, 80.0, 8.0, 4.0), (6.0, 120.0, 12.0, 6.0))


def test_the_figures_by_hand() -> None:
    made = report(CPU)
    (cpu,) = made.energy.devices
    assert cpu.machine_joules == pytest.approx(200.0)
    assert cpu.active_joules == pytest.approx(90.0)
    assert cpu.idle_joules == pytest.approx(5.0)
    assert cpu.joules == pytest.approx(95.0)
    assert cpu.readings == 3
    assert made.energy.joules == pytest.approx(95.0)
    assert made.energy.machine_joules == pytest.approx(200.0)
    assert made.emissions.grams_co2e == pytest.approx(95.0 / 3.6e6 * 100)
    assert [point.joules for point in made.timeline] == pytest.approx([38.0, 57.0])
    assert made.notes == (NOTE,)


def test_the_scope_of_the_machine_bills_all_of_it() -> None:
    made = report(CPU, scope="machine")
    (cpu,) = made.energy.devices
    assert cpu.joules == made.energy.joules == pytest.approx(200.0)
    assert cpu.low_joules < 200.0 < cpu.high_joules
    assert (cpu.active_joules, cpu.idle_joules) == pytest.approx((90.0, 5.0))
    assert sum(point.joules for point in made.timeline) == pytest.approx(200.0)
    assert made.emissions.grams_co2e == pytest.approx(200.0 / 3.6e6 * 100)


@pytest.mark.parametrize("scope", ["tree", "machine"])
def test_board_devices_are_shown_and_not_summed(scope: str) -> None:
    board = ledger(device("psys", "board"), (10.0, 500.0, 20.0, 10.0))
    with_board, without = report(CPU, board, scope=scope), report(CPU, scope=scope)
    assert [d.id for d in with_board.energy.devices] == ["package-0", "psys"]
    assert with_board.energy.devices[1].joules == pytest.approx(500.0)
    assert with_board.energy.replace(devices=()) == without.energy.replace(devices=())
    assert with_board.timeline == without.timeline
    assert with_board.emissions == without.emissions


def test_a_counter_wins_over_a_model_which_stands_in_where_there_is_none() -> None:
    model = ledger(device("cpu", method="estimated"), (10.0, 999.0, 20.0, 10.0))
    memory = ledger(device("memory", "memory", "estimated"), (10.0, 30.0, 100.0, 10.0))
    made = report(CPU, model, memory)
    assert [d.id for d in made.energy.devices] == ["package-0", "memory"]


def test_a_counter_that_stands_still_is_unmeasured_with_the_reason() -> None:
    still = ledger(device("package-0"), (10.0, 0.0, 20.0, 10.0))
    found = Unmeasured(id="gpu-0", kind="gpu", reason="no driver")
    made = report(still, unmeasured=(found,))
    assert made.energy.devices == ()
    assert [u.id for u in made.energy.unmeasured] == ["package-0", "gpu-0"]
    assert "did not move" in made.energy.unmeasured[0].reason


def test_nothing_measured_is_unknown_and_not_zero() -> None:
    made = report()
    assert made.energy.joules is None
    assert made.energy.low_joules is None
    assert made.energy.machine_joules is None
    assert made.emissions.grams_co2e is None
    assert made.overhead.joules is None
    assert made.timeline == ()
    assert made.intensity is not None


def test_no_intensity_leaves_the_energy() -> None:
    made = report(CPU, intensity=None)
    assert made.intensity is None
    assert made.emissions.grams_co2e is None
    assert made.energy.joules == pytest.approx(95.0)
    assert {point.g_per_kwh for point in made.timeline} == {None}


def test_programs_share_the_cpu_energy_by_their_time() -> None:
    programs = (
        Program(program="cc1", processes=3, cpu_seconds=7.5, joules=None),
        Program(program=None, processes=None, cpu_seconds=2.5, joules=None),
    )
    memory = ledger(device("dram-0", "memory"), (10.0, 30.0, 100.0, 10.0))
    made = report(CPU, memory, tree=TREE.replace(cpu_seconds=10.0, programs=programs))
    assert [p.joules for p in made.tree.programs] == pytest.approx([71.25, 23.75])
    # what is billed is the machine's, but a program has only used the tree's
    whole = report(CPU, scope="machine", tree=TREE.replace(cpu_seconds=10.0, programs=programs))
    assert whole.tree.programs == made.tree.programs


@pytest.mark.parametrize("cpu_seconds", [None, 0.0])
def test_programs_without_cpu_time_have_no_energy(cpu_seconds: float | None) -> None:
    programs = (Program(program="cc1", processes=3, cpu_seconds=0.0, joules=None),)
    made = report(CPU, tree=TREE.replace(cpu_seconds=cpu_seconds, programs=programs))
    assert made.tree.programs == programs


def two_hours() -> IntensityFound:
    """100 g/kWh before the fourth second of the run, 300 after it."""
    (point,) = intensity().points
    early = point.replace(end_unix_seconds=START + 4)
    late = point.replace(start_unix_seconds=START + 4, g_per_kwh=300.0, high_g_per_kwh=600.0)
    return intensity().replace(points=(early, late))


@pytest.mark.parametrize("found", [intensity(), two_hours(), None])
def test_a_checkpoint_has_the_figures_of_the_whole_report(found: IntensityFound | None) -> None:
    whole, checkpoint = (
        report(CPU, intensity=found),
        report(CPU, intensity=found, is_checkpoint=True),
    )
    assert checkpoint.replace(timeline=()) == whole.replace(timeline=())
    assert len(whole.timeline) == 2


def test_a_checkpoint_has_no_timeline_where_the_intensity_does_not_vary() -> None:
    assert report(CPU, is_checkpoint=True).timeline == ()


def test_our_own_energy_is_what_busy_seconds_took() -> None:
    # 90 J in 10 CPU seconds; we had 0.05 of them.
    made = report(CPU)
    assert made.overhead.joules == pytest.approx(0.45)
    assert made.overhead.cpu_seconds == 0.05
    assert made.overhead.peak_memory_bytes == 13_000_000


def test_two_packages_share_our_own_time() -> None:
    """A busy second draws on each package in its share, so the sum stays that of one second."""
    one = report(CPU)
    half = ledger(device("package-0"), (10.0, 100.0, 20.0, 10.0), floor_watts=1.0)
    other = ledger(device("package-1"), (10.0, 100.0, 20.0, 10.0), floor_watts=1.0)
    assert report(half, other).overhead.joules == pytest.approx(one.overhead.joules)


def test_the_same_evidence_gives_the_same_report() -> None:
    assert report(CPU) == report(CPU)


steps = st.lists(
    st.tuples(
        st.floats(min_value=0.001, max_value=100),
        st.floats(min_value=0, max_value=1e5),
        st.floats(min_value=0, max_value=4),
        st.floats(min_value=0, max_value=1),
    ),
    min_size=1,
    max_size=12,
).map(lambda many: [(s, e, load * s, load * s * part) for s, e, load, part in many])
devices = st.sampled_from(
    [
        *(device("package-0"), device("package-1"), device("cpu", method="estimated")),
        *(device("dram-0", "memory"), device("memory", "memory", "estimated")),
        *(device("GPU-1", "gpu", "integrated"), device("psys", "board")),
    ]
)
ledgers = st.lists(
    st.tuples(devices, steps, st.floats(min_value=0, max_value=50)),
    max_size=5,
    unique_by=lambda entry: entry[0].id,
).map(lambda many: tuple(ledger(of, *taken, floor_watts=watts) for of, taken, watts in many))


@given(ledgers, st.sampled_from(["tree", "machine"]), st.floats(min_value=0, max_value=2000))
def test_the_figures_agree(
    measured: tuple[DeviceLedger, ...], scope: str, g_per_kwh: float
) -> None:
    made = report(*measured, scope=scope, intensity=intensity(g_per_kwh), pue=1.3)
    billed = [d for d in made.energy.devices if d.kind != "board"]
    energy, emitted = made.energy, made.emissions
    for one in made.energy.devices:
        assert 0 <= one.low_joules <= one.joules <= one.high_joules
        assert one.active_joules + one.idle_joules <= one.machine_joules * (1 + 1e-9) + 1e-9
    if not billed:
        assert energy.joules is None
        assert emitted.grams_co2e is None
    else:
        for name in ("joules", "low_joules", "high_joules", "machine_joules"):
            whole = sum(getattr(one, name) for one in billed)
            assert getattr(energy, name) == pytest.approx(whole)
        assert energy.low_joules is not None
        assert energy.joules is not None
        assert energy.high_joules is not None
        assert energy.low_joules <= energy.joules <= energy.high_joules
        assert sum(p.joules for p in made.timeline) == pytest.approx(energy.joules, abs=1e-6)
        assert emitted.grams_co2e == pytest.approx(energy.joules / 3.6e6 * g_per_kwh * 1.3)
        assert emitted.grams_co2e is not None
        assert emitted.low_grams_co2e is not None
        assert emitted.high_grams_co2e is not None
        assert emitted.low_grams_co2e <= emitted.grams_co2e <= emitted.high_grams_co2e
    assert load_report(made.as_dict()) == made
