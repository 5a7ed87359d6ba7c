"""The run's part of what making the machine emitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.model import Unmeasured
from carbonrun.measurement.parts import (
    DESKTOP,
    LAPTOP,
    SERVER,
    UNKNOWN_KIND,
    VIRTUAL,
    Parts,
    kind_of_chassis,
)
from carbonrun.report.footprint.embodied import Making, embodied_of, making_of, resource_share
from carbonrun.report.footprint.platforms import Platform, platform_of
from carbonrun.report.model import Gpu
from tests.unit.report.footprint.sample_footprint import MAKING, SERVER_PARTS
from tests.unit.report.sample_report import CPU, REPORT, UNKNOWN

if TYPE_CHECKING:
    from carbonrun.report.model import DeviceEnergy, Report

YEAR_SECONDS = 8760 * 3600.0
BARE = SERVER_PARTS.replace(
    sockets=1, memory_bytes=16 * 2**30, solid_state_drives=0, hard_disks=0, gpus=0
)


def run_of(seconds: float, cpu_seconds: float, cpus: int = 4, scope: str = "tree") -> Report:
    run, tree = REPORT.run, REPORT.tree
    return REPORT.replace(
        run=run.replace(
            duration_seconds=seconds, scope=scope, host=run.host.replace(logical_cpus=cpus)
        ),
        tree=tree.replace(cpu_seconds=cpu_seconds),
    )


def test_a_server_is_the_sum_of_its_parts() -> None:
    assert making_of(BARE, None).kg == 1000
    # 1000 + 1 CPU + 384 GB x 533/384 + 2 SSD + 1 disk + 1 GPU
    assert MAKING.kg == pytest.approx(1000 + 100 + 533 + 200 + 50 + 150)
    assert (MAKING.low_kg, MAKING.high_kg) == (MAKING.kg / 2, MAKING.kg * 1.5)
    assert MAKING.source.startswith("server: Cloud Carbon Footprint")


def test_little_memory_takes_nothing_off() -> None:
    assert making_of(BARE.replace(memory_bytes=2 * 2**30), None).kg == 1000


@pytest.mark.parametrize(("kind", "kg"), [(LAPTOP, 236), (DESKTOP, 249)])
def test_a_small_machine_is_a_median(kind: str, kg: float) -> None:
    making = making_of(BARE.replace(kind=kind, memory_bytes=64 * 2**30, gpus=1), None)
    assert making.kg == kg
    assert "Boavizta" in making.source
    assert making_of(BARE.replace(kind=kind, gpus=3), None).kg == kg + 300


def test_what_cannot_be_told_may_be_a_laptop() -> None:
    making = making_of(BARE.replace(kind=UNKNOWN_KIND), None)
    assert (making.kg, making.low_kg, making.high_kg) == (1000, 118, 1500)
    assert making.source.startswith("taken for a server")


def test_a_virtual_machine_is_a_slice_of_a_host() -> None:
    small = BARE.replace(kind=VIRTUAL, logical_cpus=2, memory_bytes=0, solid_state_drives=5)
    making = making_of(small, None)
    assert making.kg == pytest.approx(1100 * 2 / 48)
    assert making.low_kg == pytest.approx(1100 * 2 / 128 * 0.5)
    assert making.high_kg == pytest.approx(1100 * 2 / 32 * 1.5)
    assert making_of(small.replace(logical_cpus=500), None).kg == 1100, "no more than the host"


@pytest.mark.parametrize(
    ("model", "threads", "sockets"),
    [
        ("Intel(R) Xeon(R) Platinum 8175M CPU @ 2.50GHz", 96, 2),
        ("Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz", 72, 2),
        ("Intel(R) Xeon(R) CPU E5-2670 0 @ 2.60GHz", 32, 2),
        ("Intel(R) Xeon(R) CPU E5-2670 v2 @ 2.50GHz", 40, 2),
        ("AMD EPYC 7R32", 96, 1),
        ("Intel(R) Xeon(R) Platinum 8176M CPU @ 2.10GHz", 448, 8),
    ],
)
def test_the_name_of_the_cpu_may_tell_the_host(model: str, threads: int, sockets: int) -> None:
    assert platform_of(model) == Platform(threads=threads, sockets=sockets)
    parts = BARE.replace(kind=VIRTUAL, logical_cpus=4, memory_bytes=0, cpu_model=model)
    making = making_of(parts, None)
    assert making.kg == pytest.approx((900 + 100 * sockets) * 4 / threads)
    assert (making.low_kg, making.high_kg) == (making.kg / 2, making.kg * 1.5)
    assert f"a server with {threads} of them" in making.source


@pytest.mark.parametrize("model", [None, "", "AMD EPYC", "AMD EPYC 75710", "E5-2686", "8175M"])
def test_which_names_tell_nothing(model: str | None) -> None:
    assert platform_of(model) is None


def test_what_the_maker_says_counts_as_it_is() -> None:
    assert making_of(SERVER_PARTS, 321.0) == Making(
        kg=321.0, low_kg=321.0, high_kg=321.0, gpu_part=MAKING.gpu_part, source="as given"
    )


@pytest.mark.parametrize(
    ("number", "kind"),
    [(10, LAPTOP), (3, DESKTOP), (23, SERVER), (1, UNKNOWN_KIND), (None, UNKNOWN_KIND)],
)
def test_the_chassis_tells_the_kind(number: int | None, kind: str) -> None:
    assert kind_of_chassis(number) == kind


def test_a_year_of_half_the_machine() -> None:
    making = Making(kg=1000.0, low_kg=500.0, high_kg=1500.0, gpu_part=0.0, source="x")
    embodied = embodied_of(run_of(YEAR_SECONDS, YEAR_SECONDS * 2), making, 4.0)
    assert embodied is not None
    assert (embodied.time_share, embodied.resource_share) == (0.25, 0.5)
    assert embodied.grams_co2e == 125_000
    assert (embodied.low_grams_co2e, embodied.high_grams_co2e) == (62_500, 187_500)


def test_the_whole_machine_is_billed_whole() -> None:
    assert resource_share(run_of(10.0, 1.0, scope="machine"), 0.5) == 1.0
    assert resource_share(run_of(0.0, 0.0), 0.0) == 0.0


def gpu(number: int, joules: float, machine_joules: float) -> DeviceEnergy:
    return CPU.replace(id=f"GPU-{number}", kind="gpu", joules=joules, machine_joules=machine_joules)


def with_gpus(*devices: DeviceEnergy, count: int, unmeasured: int = 0) -> Report:
    report = run_of(10.0, 4.0)  # a tenth of 4 CPUs
    host = report.run.host.replace(
        gpus=tuple(Gpu(id=f"GPU-{number}", name="x") for number in range(count))
    )
    rows = tuple(
        Unmeasured(id=f"GPU-{9 + n}", kind="gpu", reason="x", hint=None) for n in range(unmeasured)
    )
    return report.replace(
        run=report.run.replace(host=host),
        energy=report.energy.replace(devices=(CPU, *devices), unmeasured=rows),
    )


@pytest.mark.parametrize(
    ("report", "gpu_share"),
    [
        (with_gpus(gpu(0, 90.0, 90.0), gpu(1, 45.0, 90.0), count=2), 0.75),
        (with_gpus(gpu(0, 90.0, 90.0), count=4), 0.25),
        (with_gpus(count=4), 0.0),
        (with_gpus(gpu(0, 0.0, 0.0), count=1), 0.0),
        (with_gpus(gpu(0, 90.0, 90.0), count=2, unmeasured=1), 0.55),
    ],
    ids=["both", "one of four", "none", "asleep", "unmeasured"],
)
def test_gpus_go_by_their_energy(report: Report, gpu_share: float) -> None:
    assert resource_share(report, 0.0) == pytest.approx(0.1)
    assert resource_share(report, 1.0) == pytest.approx(gpu_share)
    assert resource_share(report, 0.4) == pytest.approx(0.6 * 0.1 + 0.4 * gpu_share)


def test_which_part_of_a_machine_is_gpus() -> None:
    assert MAKING.gpu_part == pytest.approx(150 / MAKING.kg)
    assert making_of(BARE, None).gpu_part == 0
    laptop = BARE.replace(kind=LAPTOP, gpus=1)
    assert making_of(laptop, None).gpu_part == 0, "it is in the figure, nobody knows how much"


def test_unknown_stays_unknown() -> None:
    assert embodied_of(UNKNOWN, MAKING, 4.0) is None


@given(
    seconds=st.floats(0, 1e9),
    cpu_seconds=st.floats(0, 1e11),
    cpus=st.integers(1, 512),
    life_years=st.floats(0.1, 100),
    parts=st.builds(
        Parts,
        kind=st.sampled_from((SERVER, DESKTOP, LAPTOP, VIRTUAL, UNKNOWN_KIND)),
        cpu_model=st.sampled_from((None, "AMD EPYC 7571")),
        sockets=st.integers(1, 8),
        logical_cpus=st.integers(1, 512),
        memory_bytes=st.integers(0, 2**43),
        solid_state_drives=st.integers(0, 24),
        hard_disks=st.integers(0, 90),
        gpus=st.integers(0, 16),
    ),
)
def test_a_run_never_has_more_than_the_machine(
    seconds: float, cpu_seconds: float, cpus: int, life_years: float, parts: Parts
) -> None:
    making = making_of(parts, None)
    assert 0 < making.low_kg <= making.kg <= making.high_kg
    embodied = embodied_of(run_of(seconds, cpu_seconds, cpus), making, life_years)
    assert embodied is not None
    assert 0 <= embodied.low_grams_co2e <= embodied.grams_co2e <= embodied.high_grams_co2e
    assert embodied.grams_co2e <= making.kg * 1000 * (1 + 1e-12)
    assert embodied.resource_share <= 1
    # Two halves, one after the other, have together what the whole has.
    half = embodied_of(run_of(seconds / 2, cpu_seconds / 2, cpus), making, life_years)
    assert half is not None
    if embodied.time_share < 1:
        assert 2 * half.grams_co2e == pytest.approx(embodied.grams_co2e, abs=1e-300)
