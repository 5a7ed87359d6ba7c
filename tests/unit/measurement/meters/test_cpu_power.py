from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.estimate_error import OTHERS, SERVERS, coverage, error, machines, models
from carbonrun.measurement.host import CpuIdentity, HostFacts
from carbonrun.measurement.meters.cpu_data import read_tables
from carbonrun.measurement.meters.cpu_power import (
    FULL_SHARE_OF_TDP,
    LINEAR,
    PACKAGE_HIGH_FACTOR,
    PACKAGE_LOW_FACTOR,
    SPECPOWER,
    CpuPower,
    cpu_power,
    dynamic_share,
    watts_at,
)
from carbonrun.measurement.meters.cpu_tables import (
    CpuTables,
    model_row,
    tdp_watts,
    watts_per_thread,
)
from carbonrun.measurement.microarchitecture import microarchitecture

TABLES = read_tables()
EMPTY = CpuTables(tdp="", models="", watts="")
INTEL, AMD = "GenuineIntel", "AuthenticAMD"


def host(
    name: str | None,
    numbers: tuple[str, int | None, int | None, int | None] = ("", None, None, None),
    *,
    cpus: int = 8,
    sockets: int = 1,
    threads: int = 2,
    virtual: bool = False,
    part: str | None = None,
) -> HostFacts:
    vendor, family, model, stepping = numbers
    cpu = CpuIdentity(
        model_name=name, vendor=vendor, family=family, model=model, stepping=stepping, part=part
    )
    return HostFacts(
        cpu=cpu,
        logical_cpus=cpus,
        sockets=sockets,
        threads_per_core=threads,
        memory_bytes=0,
        virtual=virtual,
    )


def check_order(power: CpuPower) -> None:
    assert 0 < power.idle_low_watts <= power.idle_watts <= power.idle_high_watts
    assert 0 < power.full_low_watts <= power.full_watts <= power.full_high_watts
    assert power.idle_watts < power.full_watts
    assert 0 < power.low_factor <= 0.55  # at least what the measured curves show: 45 %
    assert power.high_factor >= 1.45
    assert power.source
    assert power.year >= 2024


def test_a_known_cpu_on_bare_metal_has_its_design_power_for_each_socket() -> None:
    name = "Intel(R) Xeon(R) CPU E5-2620 v3 @ 2.40GHz"
    one = cpu_power(host(name, (INTEL, 6, 63, 2)), TABLES)
    two = cpu_power(host(name, (INTEL, 6, 63, 2), cpus=24, sockets=2), TABLES)
    assert one.full_watts == pytest.approx(85 * FULL_SHARE_OF_TDP)
    assert two.full_watts == pytest.approx(2 * one.full_watts)
    assert two.curve == SPECPOWER
    assert "TDP 85 W x 2 sockets" in two.source
    assert "MIT" in two.source
    assert "Haswell" in two.source
    check_order(two)


def test_a_virtual_machine_is_billed_by_cpu_not_by_socket() -> None:
    known = host("AMD EPYC 7763 64-Core Processor", (AMD, 25, 1, 1), cpus=4, virtual=True)
    power = cpu_power(known, TABLES)
    assert power.full_watts == pytest.approx(4 * 1.957, rel=0.01)
    assert power.full_watts < 280 / 8
    assert power.curve == LINEAR
    check_order(power)


@pytest.mark.parametrize(
    ("name", "numbers", "expected"),
    [
        ("Intel(R) Xeon(R) Processor", (INTEL, 6, 207, 2), "Emerald Rapids"),
        ("Intel(R) Xeon(R) Processor @ 2.00GHz", (INTEL, 6, 143, 8), "Sapphire Rapids"),
        ("Intel(R) Xeon(R) CPU @ 2.60GHz", (INTEL, 6, 106, 6), "Ice Lake"),
        ("Intel Xeon Processor (Skylake, IBRS)", (INTEL, 6, 85, 4), "Skylake"),
        ("Intel(R) Xeon(R) CPU @ 2.80GHz", (INTEL, 6, 85, 7), "Cascade Lake"),
        ("AMD EPYC Processor", (AMD, 23, 1, 2), "EPYC 1st Gen"),
        ("AMD EPYC-Rome Processor", (AMD, 23, 49, 0), "EPYC 2nd Gen"),
        ("AMD EPYC-Genoa Processor", (AMD, 25, 17, 0), "EPYC 4th Gen"),
        ("AMD EPYC Processor", (AMD, 26, 2, 1), "EPYC 5th Gen"),
    ],
)
def test_a_generic_name_is_told_by_its_numbers(
    name: str, numbers: tuple[str, int, int, int], expected: str
) -> None:
    power = cpu_power(host(name, numbers, virtual=True), TABLES)
    assert f"= {expected}," in power.source
    check_order(power)


def test_a_cpu_that_may_be_a_whole_core_widens_the_bounds_upwards() -> None:
    numbers = (AMD, 25, 17, 1)
    thread = cpu_power(host("AMD EPYC 9R14", numbers, virtual=True, threads=2), TABLES)
    core = cpu_power(host("AMD EPYC 9R14", numbers, virtual=True, threads=1), TABLES)
    assert core.full_watts == thread.full_watts
    assert core.high_factor > thread.high_factor
    assert "whole cores" in core.how


def test_arm_servers_and_boards() -> None:
    arm = ("0x41", None, None, None)
    graviton = cpu_power(
        host("Neoverse-V1", arm, part="0xd40", threads=1, virtual=True, cpus=64), TABLES
    )
    board = cpu_power(host("Cortex-A72", arm, part="0xd08", cpus=4, threads=1), TABLES)
    altra = cpu_power(host("Neoverse-N1", arm, part="0xd0c", cpus=80, threads=1), TABLES)
    assert "Graviton3" in graviton.source
    assert graviton.full_watts == pytest.approx(64 * 1.693, rel=0.01)
    assert "TDP 7.5 W" in board.source
    assert board.full_watts < 8
    assert 80 < altra.full_watts < 200  # measured servers with 80 cores: 140 W at the wall
    for power in (graviton, board, altra):
        check_order(power)


@pytest.mark.parametrize("name", [None, "", "Apple Silicon", "QEMU Virtual CPU version 2.5+"])
@pytest.mark.parametrize("tables", [TABLES, EMPTY])
def test_an_unknown_cpu_has_a_wide_default(name: str | None, tables: CpuTables) -> None:
    power = cpu_power(host(name, ("0x61", 15, 107, 1), virtual=True), tables)
    assert "in no table" in power.source
    assert power.high_factor / power.low_factor >= 10
    check_order(power)


def test_without_tables_a_known_cpu_falls_back_to_the_default() -> None:
    power = cpu_power(host("Intel(R) Xeon(R) Processor", (INTEL, 6, 207, 2)), EMPTY)
    assert "in no table" in power.source


@given(st.text())
def test_any_name_has_a_power(name: str) -> None:
    check_order(cpu_power(host(name), TABLES))


def test_the_package_of_a_known_cpu_is_within_the_bounds_of_its_threads() -> None:
    rows = [line.split("\t")[0] for line in TABLES.models.splitlines() if line[0] != "#"]
    checked = 0
    for key in rows:
        row, tdp = model_row(TABLES, key), tdp_watts(TABLES, key)
        if row is None or row.threads_per_socket is None or tdp is None:
            continue
        cpus = row.threads_per_socket
        power = cpu_power(host(key, cpus=cpus, virtual=True), TABLES)
        assert power.full_low_watts * 0.999 <= tdp * FULL_SHARE_OF_TDP
        assert power.full_high_watts * 1.001 >= tdp * FULL_SHARE_OF_TDP
        checked += 1
    assert checked > 90


def test_specpower_servers_at_the_wall_are_within_the_bounds_of_their_packages() -> None:
    inside = []
    for line in TABLES.models.splitlines():
        key = line.split("\t")[0]
        row, tdp = model_row(TABLES, key), tdp_watts(TABLES, key)
        watts = watts_per_thread(TABLES, row.microarchitecture) if row else None
        if row and watts and tdp and row.threads_per_socket:
            wall_watts = watts.full_watts * row.threads_per_socket
            ratio = wall_watts / (tdp * FULL_SHARE_OF_TDP)
            inside.append(PACKAGE_LOW_FACTOR <= ratio <= PACKAGE_HIGH_FACTOR)
    assert len(inside) > 90
    assert sum(inside) / len(inside) >= 0.9


def test_the_spread_of_published_servers_is_within_the_bounds() -> None:
    names = [line.split("\t")[0] for line in TABLES.watts.splitlines() if line[0] != "#"]
    assert len(names) > 15
    for name in names:
        watts = watts_per_thread(TABLES, name)
        assert watts is not None
        key = next(
            (k.split("\t")[0] for k in TABLES.models.splitlines() if f"\t{name}\t" in k), None
        )
        if key is not None:
            power = cpu_power(host(key, virtual=True, threads=watts.threads_per_core), TABLES)
            assert power.low_factor <= watts.low_factor
            assert power.high_factor >= watts.high_factor


@pytest.mark.parametrize("virtual", [False, True])
@pytest.mark.parametrize("files", [SERVERS, OTHERS, {**SERVERS, **OTHERS}])
def test_measured_power_is_within_the_bounds_at_nine_of_ten_points(
    files: dict[str, tuple[int, str, int, int, int]], virtual: bool
) -> None:
    profiles = machines(files, virtual=virtual)
    assert sum(len(profile.points) for profile in profiles) == 11 * len(files)
    assert coverage(profiles, TABLES) >= 0.9


def test_the_model_errs_less_than_simpler_ones() -> None:
    ours, _linear, *others = (
        error(machines({**SERVERS, **OTHERS}), model) for model in models(TABLES).values()
    )
    assert ours < 0.40
    assert all(ours < other for other in others)


@given(
    st.sampled_from([LINEAR, SPECPOWER]),
    st.floats(min_value=-1, max_value=2),
    st.floats(min_value=-1, max_value=2),
)
def test_more_load_is_never_less_power(curve: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= dynamic_share(curve, low) <= dynamic_share(curve, high) <= 1
    assert dynamic_share(curve, 0) == 0
    assert dynamic_share(curve, 1) == 1


def test_the_curve_meets_its_table_and_stays_near_the_line() -> None:
    assert dynamic_share(SPECPOWER, 0.5) == pytest.approx(0.448)
    assert dynamic_share(SPECPOWER, 0.55) == pytest.approx((0.448 + 0.525) / 2)
    assert all(abs(dynamic_share(SPECPOWER, u / 100) - u / 100) <= 0.09 for u in range(101))
    power = cpu_power(host("AMD EPYC 7763 64-Core Processor"), TABLES)
    assert watts_at(power, 0) == pytest.approx(power.idle_watts)
    assert watts_at(power, 1) == pytest.approx(power.full_watts)


def test_unknown_numbers_have_no_microarchitecture() -> None:
    assert microarchitecture(INTEL, 6, 999, 0, None) is None
    assert microarchitecture(AMD, 99, 1, 0, None) is None
    assert microarchitecture(AMD, 25, 97, 2, None) is None  # a desktop part
    assert microarchitecture("0x41", None, None, None, "0xfff") is None
    assert microarchitecture("", None, None, None, None) is None
