from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.meters.powercap import Zone, find_zones, package_of, select
from tests.machine.sim_sysfs import FLAT, KERNEL, LAYOUTS, NESTED, STYLES, SimulatedPowercap

if TYPE_CHECKING:
    from pathlib import Path

PUBLISHED = sorted(name for name in LAYOUTS if "zones" in LAYOUTS[name])


def zone(directory: str, name: str) -> Zone:
    return Zone(directory=directory, path=f"/sys/class/powercap/{directory}", name=name)


def chosen(*zones: tuple[str, str]) -> dict[str, list[str]]:
    domains = select([zone(directory, name) for directory, name in zones])
    return {domain.id: [part.directory for part in domain.zones] for domain in domains}


def true_zones(layout: dict[str, Any]) -> set[str]:
    """Return the directories that the layout's ``truth`` means; its words are for people."""
    truth = layout["truth"]
    if any(" " in word for word in truth):
        return {z[0] for z in layout["zones"] if z[1] == "dram" or z[1].startswith("package-")}
    return set(truth)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_layout_is_found_and_summed_right(
    name: str, style: str, tmp_path: Path
) -> None:
    layout = LAYOUTS[name]
    powercap = SimulatedPowercap.of_layout(tmp_path / "sys", layout, style)
    zones = find_zones(str(powercap.root)).zones
    assert {(z.directory, z.name) for z in zones} == {(z[0], z[1]) for z in layout["zones"]}
    summed = {
        part.directory
        for domain in select(zones)
        if domain.kind != "board"
        for part in domain.zones
    }
    # R07 shows one counter twice; that is seen in the counters, not in the names.
    assert summed == true_zones(layout)


def test_a_package_is_known_by_its_name_not_by_its_directory() -> None:
    assert chosen(("intel-rapl:0", "package-1"), ("intel-rapl:1", "package-0")) == {
        "package-0": ["intel-rapl:1"],
        "package-1": ["intel-rapl:0"],
    }


def test_memory_belongs_to_the_package_that_it_is_nested_in() -> None:
    assert chosen(
        ("intel-rapl:0", "package-1"),
        ("intel-rapl:0:2", "dram"),
        ("intel-rapl:1", "psys"),
        ("intel-rapl:a", "package-0"),
        ("intel-rapl:a:0", "dram"),
    ) == {
        "package-0": ["intel-rapl:a"],
        "package-1": ["intel-rapl:0"],
        "dram-0": ["intel-rapl:a:0"],
        "dram-1": ["intel-rapl:0:2"],
        "psys": ["intel-rapl:1"],
    }


def test_memory_without_a_package_is_metered_all_the_same() -> None:
    assert chosen(("intel-rapl:0", "dram")) == {"dram": ["intel-rapl:0"]}


def test_core_and_uncore_are_inside_the_package() -> None:
    assert chosen(
        ("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "core"), ("intel-rapl:0:1", "uncore")
    ) == {"package-0": ["intel-rapl:0"]}


def test_dies_and_their_memory_are_parts_of_one_package() -> None:
    assert chosen(
        ("intel-rapl:0", "package-0-die-0"),
        ("intel-rapl:0:0", "dram"),
        ("intel-rapl:1", "package-0-die-1"),
        ("intel-rapl:1:0", "dram"),
    ) == {
        "package-0": ["intel-rapl:0", "intel-rapl:1"],
        "dram-0": ["intel-rapl:0:0", "intel-rapl:1:0"],
    }


def test_the_memory_mapped_twin_is_left_out_with_its_memory() -> None:
    assert chosen(
        ("intel-rapl-mmio:0", "package-0"),
        ("intel-rapl-mmio:0:0", "dram"),
        ("intel-rapl:0", "package-0"),
        ("intel-rapl:0:0", "dram"),
    ) == {"package-0": ["intel-rapl:0"], "dram-0": ["intel-rapl:0:0"]}


def test_the_memory_mapped_twin_is_used_for_what_it_has_alone() -> None:
    assert chosen(
        ("intel-rapl-mmio:0", "package-0"),
        ("intel-rapl-mmio:1", "package-1"),
        ("intel-rapl:0", "package-0"),
    ) == {"package-0": ["intel-rapl:0"], "package-1": ["intel-rapl-mmio:1"]}


def test_the_twin_is_known_by_its_package_even_where_only_one_names_dies() -> None:
    assert chosen(
        ("intel-rapl-mmio:0", "package-0"),
        ("intel-rapl:0", "package-0-die-0"),
        ("intel-rapl:1", "package-0-die-1"),
    ) == {"package-0": ["intel-rapl:0", "intel-rapl:1"]}


def test_two_zones_of_one_name_are_one() -> None:
    assert chosen(("intel-rapl:0", "package-0"), ("intel-rapl:1", "package-0")) == {
        "package-0": ["intel-rapl:0"]
    }


def test_the_order_is_that_of_people() -> None:
    names = [(f"intel-rapl:{number:x}", f"package-{number}") for number in range(11)]
    assert list(chosen(*names, ("intel-rapl:0:0", "dram"), ("intel-rapl:f", "psys-1"))) == [
        *(f"package-{number}" for number in range(11)),
        "dram-0",
        "psys-1",
    ]


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("package-0", "0"),
        ("package-10", "10"),
        ("package-1-die-3", "1"),
        ("package-", None),
        ("dram", None),
    ],
)
def test_package_of(name: str, package: str | None) -> None:
    assert package_of(name) == package


NAMES = st.sampled_from(
    ["package-0", "package-1", "package-0-die-0", "package-0-die-1", "dram", "core", "psys", ""]
)
DIRECTORIES = st.from_regex(r"\Aintel-rapl(-mmio)?:[0-9a-b](:[0-3])?\Z")


@given(st.dictionaries(DIRECTORIES, NAMES), st.randoms())
def test_the_choice_does_not_depend_on_the_order_and_counts_no_zone_twice(
    zones: dict[str, str], random: Any
) -> None:
    pairs = list(zones.items())
    result = chosen(*pairs)
    random.shuffle(pairs)
    assert chosen(*pairs) == result
    parts = [directory for directories in result.values() for directory in directories]
    assert len(parts) == len(set(parts))
    assert not {zones[directory] for directory in parts} & {"core", ""}


def test_other_control_types_are_skipped(tmp_path: Path) -> None:
    powercap = SimulatedPowercap(tmp_path / "sys")
    powercap.add_control("dtpm")
    powercap.add_control("idle_inject")
    powercap.add_zone("dtpm:0", "package-0")
    powercap.add_zone("intel-rapl:0", "package-0")
    (powercap.class_folder / "gone").symlink_to("nowhere")
    finding = find_zones(f"{powercap.root}/")
    assert [z.directory for z in finding.zones] == ["intel-rapl:0"]
    assert finding.unnamed == ()
    assert finding.root == f"{powercap.root}/class/powercap"


def test_zones_below_flat_packages_are_found_too(tmp_path: Path) -> None:
    powercap = SimulatedPowercap(tmp_path / "sys", NESTED)
    powercap.add_zone("intel-rapl:0", "package-0")
    powercap.add_zone("intel-rapl:0:0", "dram")
    control = powercap.class_folder / "intel-rapl"
    (control / "intel-rapl:0").rename(powercap.class_folder / "intel-rapl:0")
    finding = find_zones(str(powercap.root))
    assert {z.name for z in finding.zones} == {"package-0", "dram"}
    assert finding.has_nested_only


def test_the_devices_alone_are_enough(tmp_path: Path) -> None:
    powercap = SimulatedPowercap.of_layout(tmp_path / "sys", LAYOUTS["R04_pcp_L480"], KERNEL)
    for link in powercap.class_folder.iterdir():
        link.unlink()
    finding = find_zones(str(powercap.root))
    assert len(finding.zones) == 5
    assert finding.root.endswith("devices/virtual/powercap")


def test_links_that_lead_nowhere_are_told_beside_those_that_do(tmp_path: Path) -> None:
    powercap = SimulatedPowercap(tmp_path / "sys", FLAT)
    powercap.add_zone("intel-rapl:0", "package-0")
    (powercap.class_folder / "intel-rapl:1").symlink_to("nowhere")
    finding = find_zones(str(powercap.root))
    assert [z.name for z in finding.zones] == ["package-0"]
    assert [directory for directory, _ in finding.unnamed] == ["intel-rapl:1"]
    assert not finding.has_nested_only


def test_nothing_there_is_no_error(tmp_path: Path) -> None:
    assert find_zones(str(tmp_path)).zones == ()
    assert find_zones(str(tmp_path)).unnamed == ()
