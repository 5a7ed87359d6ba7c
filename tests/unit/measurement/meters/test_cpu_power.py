from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.cloud import CloudInstance
from carbonrun.measurement.host import CpuIdentity, HostFacts
from carbonrun.measurement.load_curve import LINEAR
from carbonrun.measurement.meters.cpu_data import read_tables
from carbonrun.measurement.meters.cpu_design import (
    UNKNOWN,
    UNKNOWN_THREADS,
    combine,
    design_power,
)
from carbonrun.measurement.meters.cpu_power import (
    FULL_SHARE_OF_DESIGN,
    IDLE_SHARES,
    CpuPower,
    cpu_power,
)
from carbonrun.measurement.meters.cpu_tables import CpuTables, threads_row
from carbonrun.measurement.microarchitecture import microarchitecture

TABLES = read_tables()
EMPTY = CpuTables(tdp="", models="", threads="")
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
    cloud: tuple[str, str] | None = None,
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
        cloud=cloud and CloudInstance(provider=cloud[0], instance_type=cloud[1], evidence="test"),
    )


def check_order(power: CpuPower) -> None:
    assert 0 < power.idle_low_watts <= power.idle_watts <= power.idle_high_watts
    assert 0 < power.full_low_watts <= power.full_watts <= power.full_high_watts
    assert power.idle_watts < power.full_watts
    assert 0 < power.low_factor <= 0.55  # at least what the measured curves show: 45 %
    assert power.high_factor >= 1.45
    assert "2026" in power.source
    assert power.year >= 2024


def test_a_known_cpu_on_bare_metal_has_its_design_power_for_each_socket() -> None:
    name = "Intel(R) Xeon(R) CPU E5-2620 v3 @ 2.40GHz"
    one = cpu_power(host(name, (INTEL, 6, 63, 2)), TABLES)
    two = cpu_power(host(name, (INTEL, 6, 63, 2), cpus=24, sockets=2), TABLES)
    assert one.full_watts == pytest.approx(85 * FULL_SHARE_OF_DESIGN)
    assert one.idle_watts == pytest.approx(85 * IDLE_SHARES[INTEL])
    assert two.full_watts == pytest.approx(2 * one.full_watts)
    assert two.curve == LINEAR
    assert "TDP 85 W x 2 sockets" in two.source
    assert "MIT" in two.source
    check_order(two)


def test_a_virtual_machine_is_billed_by_cpu_not_by_socket() -> None:
    name = "AMD EPYC 7763 64-Core Processor"
    power = cpu_power(host(name, (AMD, 25, 1, 1), cpus=4, virtual=True), TABLES)
    assert power.full_watts == pytest.approx(280 * FULL_SHARE_OF_DESIGN / 128 * 4)
    assert "280 W / 128 threads x 4" in power.source
    check_order(power)


def test_all_threads_of_a_virtual_machine_are_as_much_as_the_socket() -> None:
    for name, threads in (
        ("AMD EPYC 7763 64-Core Processor", 128),
        ("Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz", 48),
        ("AMD EPYC 8024P 8-Core Processor", 16),  # by the cores in its name
    ):
        bare = cpu_power(host(name, cpus=threads), TABLES)
        guest = cpu_power(host(name, cpus=threads, virtual=True), TABLES)
        assert guest.full_watts == pytest.approx(bare.full_watts)
        assert guest.idle_watts == pytest.approx(bare.idle_watts)


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


def test_the_instance_type_tells_whether_a_cpu_is_a_whole_core() -> None:
    numbers = (AMD, 25, 17, 1)
    guest = host("AMD EPYC 9R14", numbers, virtual=True, threads=1)
    unsure = cpu_power(guest, TABLES)
    sure = cpu_power(guest.replace(cloud=_aws("m7a.2xlarge")), TABLES)
    assert sure.full_watts == pytest.approx(2 * unsure.full_watts)
    assert sure.high_factor < unsure.high_factor
    assert "m7a.2xlarge (Amazon EC2 instance types, 2026)" in sure.source


def _aws(instance_type: str) -> CloudInstance:
    return CloudInstance(provider="aws", instance_type=instance_type, evidence="test")


@pytest.mark.parametrize(
    ("cloud", "expected"),
    [
        (("aws", "c5.xlarge"), "Skylake or Cascade Lake"),
        (("aws", "m6i.large"), "Xeon Platinum 8375C, TDP 300 W"),
        (("azure", "Standard_D4as_v4"), "EPYC 2nd Gen"),
        (("gcp", "n2-standard-8"), "Cascade Lake"),
    ],
)
def test_a_cpu_that_says_nothing_is_told_by_its_instance(
    cloud: tuple[str, str], expected: str
) -> None:
    power = cpu_power(host(None, virtual=True, cloud=cloud), TABLES)
    assert expected in power.source
    assert cloud[1] in power.source
    assert "2026" in power.source
    check_order(power)


def test_several_cpus_of_a_family_widen_the_bounds() -> None:
    both = design_power(host(None, virtual=True, cloud=("aws", "m4.large")), TABLES)
    one = design_power(host("Xeon", (INTEL, 6, 63, 2), virtual=True), TABLES)
    other = design_power(host("Xeon", (INTEL, 6, 79, 1), virtual=True), TABLES)
    low, high = sorted((one.watts, other.watts))
    assert low < both.watts < high
    assert both.watts * both.low_factor == pytest.approx(
        min(d.watts * d.low_factor for d in (one, other)), rel=1e-3
    )
    assert both.watts * both.high_factor == pytest.approx(
        max(d.watts * d.high_factor for d in (one, other)), rel=1e-3
    )


def test_what_the_cpu_says_of_itself_comes_before_its_instance() -> None:
    numbers = (INTEL, 6, 85, 7)
    power = cpu_power(host("Xeon", numbers, virtual=True, cloud=("aws", "c5.xlarge")), TABLES)
    assert "= Cascade Lake," in power.source


def test_an_instance_without_a_row_changes_nothing() -> None:
    guest = host("AMD EPYC Processor", (AMD, 26, 2, 1), virtual=True)
    named = guest.replace(cloud=_aws("zz9.huge"))
    assert cpu_power(named, TABLES) == cpu_power(guest, TABLES)
    nameless = guest.replace(cloud=_aws("x").replace(instance_type=None))
    assert cpu_power(nameless, TABLES) == cpu_power(guest, TABLES)


def test_arm_servers_and_boards() -> None:
    arm = ("0x41", None, None, None)
    graviton = cpu_power(
        host("Neoverse-V1", arm, part="0xd40", threads=1, virtual=True, cpus=64), TABLES
    )
    board = cpu_power(host("Cortex-A72", arm, part="0xd08", cpus=4, threads=1), TABLES)
    altra = cpu_power(host("Neoverse-N1", arm, part="0xd0c", cpus=80, threads=1), TABLES)
    second = cpu_power(
        host("Neoverse-N1", arm, part="0xd0c", threads=1, virtual=True, cloud=("aws", "m6g.large")),
        TABLES,
    )
    assert "Graviton3" in graviton.source
    assert "Graviton2" in second.source
    assert graviton.full_watts == pytest.approx(64 * 1.492 * FULL_SHARE_OF_DESIGN, rel=0.01)
    assert "TDP 7.5 W" in board.source
    assert board.full_watts < 8
    assert 60 < altra.full_watts < 140  # measured servers with 80 cores: 140 W at the wall
    for power in (graviton, board, altra, second):
        check_order(power)


@pytest.mark.parametrize("name", [None, "", "Apple Silicon", "QEMU Virtual CPU version 2.5+"])
@pytest.mark.parametrize("tables", [TABLES, EMPTY])
def test_an_unknown_cpu_has_a_wide_default(name: str | None, tables: CpuTables) -> None:
    power = cpu_power(host(name, ("0x61", 15, 107, 1), virtual=True), tables)
    assert "in no table" in power.source
    assert power.high_factor / power.low_factor >= 10
    check_order(power)


def test_the_default_without_tables_is_that_of_the_tables() -> None:
    assert threads_row(TABLES, UNKNOWN) == UNKNOWN_THREADS


def test_without_tables_a_known_cpu_falls_back_to_the_default() -> None:
    power = cpu_power(host("Intel(R) Xeon(R) Processor", (INTEL, 6, 207, 2)), EMPTY)
    assert "in no table" in power.source


@given(
    st.text(),
    st.sampled_from(["aws", "gcp", "azure", "other"]),
    st.one_of(st.none(), st.text(), st.sampled_from(["c5.large", "m7a.large", "n1-standard-1"])),
    st.booleans(),
)
def test_any_name_and_instance_have_a_power(
    name: str, provider: str, instance_type: str | None, virtual: bool
) -> None:
    cloud = CloudInstance(provider=provider, instance_type=instance_type, evidence="")
    check_order(cpu_power(host(name, virtual=virtual).replace(cloud=cloud), TABLES))


def test_published_watts_at_the_wall_are_within_the_bounds_at_full_load() -> None:
    names = [line.split("\t")[0] for line in TABLES.threads.splitlines() if line[0] != "#"]
    assert len(names) > 15
    for name in names:
        row = threads_row(TABLES, name)
        assert row is not None
        modelled_watts = row.design_watts * FULL_SHARE_OF_DESIGN
        assert modelled_watts <= row.wall_full_watts * 1.1  # packages are part of a server
        assert modelled_watts * combine(2.3, row.high_factor) >= row.wall_full_watts


def test_chiplets_idle_higher_but_no_higher_than_their_servers() -> None:
    epyc = cpu_power(host("AMD EPYC 9754 128-Core Processor", (AMD, 25, 160, 2)), TABLES)
    ryzen = cpu_power(host("AMD Ryzen 9 5950X 16-Core Processor", (AMD, 25, 33, 0)), TABLES)
    laptop = cpu_power(host("AMD Ryzen 7 5800H with Radeon Graphics", (AMD, 25, 80, 0)), TABLES)
    opteron = cpu_power(host("AMD Opteron(tm) Processor 6174", (AMD, 16, 9, 1)), TABLES)
    shares = [p.idle_watts / p.full_watts for p in (ryzen, epyc, laptop, opteron)]
    assert shares[0] > shares[1] > shares[2] == pytest.approx(shares[3])
    assert "SPECpower" in epyc.source


@given(
    st.lists(st.floats(min_value=0.01, max_value=1), min_size=1, max_size=4),
    st.lists(st.floats(min_value=1, max_value=100), min_size=1, max_size=4),
)
def test_factors_combine_to_more_than_each_and_less_than_all(
    low: list[float], high: list[float]
) -> None:
    product = 1.0
    for factor in low:
        product *= factor
    assert product <= combine(*low) * (1 + 1e-9)
    assert combine(*low) <= min(low) * (1 + 1e-9)
    assert combine(*high) >= max(high) * (1 - 1e-9)


def test_unknown_numbers_have_no_microarchitecture() -> None:
    assert microarchitecture(INTEL, 6, 999, 0, None) is None
    assert microarchitecture(AMD, 99, 1, 0, None) is None
    assert microarchitecture(AMD, 25, 97, 2, None) is None  # a desktop part
    assert microarchitecture("0x41", None, None, None, "0xfff") is None
    assert microarchitecture("", None, None, None, None) is None
