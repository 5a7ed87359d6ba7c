"""What macOS and Windows say of their machines, on recorded answers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.meters.estimate import models
from carbonrun.measurement.other_hosts import (
    SYSCTL_NAMES,
    facts_of_registry,
    facts_of_sysctl,
    parse_sysctl,
    read_other_host,
)
from tests.machine.sim_other_systems import REGISTRY, SYSCTL_APPLE, SYSCTL_INTEL, make_tool

if TYPE_CHECKING:
    from pathlib import Path

GIGABYTE = 10**9


def test_a_mac_with_apple_s_processor() -> None:
    facts = facts_of_sysctl(parse_sysctl(SYSCTL_APPLE), 12, 12, 16 * GIGABYTE)
    assert facts.cpu_model == "Apple M2 Pro"
    assert facts.cpu.vendor == "Apple"
    assert (facts.logical_cpus, facts.threads_per_core, facts.sockets) == (12, 1, 1)
    assert not facts.virtual


def test_a_mac_with_intel_s_processor_is_one_that_the_tables_know() -> None:
    facts = facts_of_sysctl(parse_sysctl(SYSCTL_INTEL), 12, 6, 16 * GIGABYTE)
    assert (facts.cpu.family, facts.cpu.model, facts.cpu.stepping) == (6, 158, 10)
    assert facts.threads_per_core == 2
    cpu = next(model for model in models(facts, None) if model.device.kind == "cpu")
    assert "unknown CPU" not in cpu.device.source


def test_a_virtual_mac_is_one() -> None:
    told = parse_sysctl(SYSCTL_INTEL.replace("present: 0", "present: 1"))
    assert facts_of_sysctl(told, 4, 4, GIGABYTE).virtual


def test_a_windows_machine() -> None:
    facts = facts_of_registry(REGISTRY, 8, 4, 16 * GIGABYTE)
    assert facts.cpu_model == "11th Gen Intel(R) Core(TM) i7-1185G7 @ 3.00GHz"
    assert (facts.cpu.vendor, facts.cpu.family, facts.cpu.model) == ("GenuineIntel", 6, 140)
    assert facts.threads_per_core == 2
    assert not facts.virtual


@pytest.mark.parametrize(
    ("maker", "product"),
    [("Microsoft Corporation", "Virtual Machine"), ("QEMU", "Standard PC"), ("Amazon EC2", "m5")],
)
def test_a_virtual_windows_machine_is_one(maker: str, product: str) -> None:
    told = {**REGISTRY, "SystemManufacturer": maker, "SystemProductName": product}
    facts = facts_of_registry(told, 4, 4, GIGABYTE)
    assert facts.virtual
    assert facts.virtual_evidence == f"{maker} {product}"


def test_nothing_told_is_nothing_known() -> None:
    for facts in (facts_of_sysctl({}, 2, 1, 0), facts_of_registry({}, 2, 1, 0)):
        assert facts.cpu_model is None
        assert (facts.sockets, facts.threads_per_core, facts.virtual) == (1, 2, False)


def test_sysctl_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "answer").write_text(SYSCTL_APPLE)
    script = f'echo "$*" >> "{tmp_path}/log"; cat "{tmp_path}/answer"; echo unknown oid >&2; exit 1'
    make_tool(tmp_path / "bin", "sysctl", script)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    facts = read_other_host("darwin")
    assert facts.cpu_model == "Apple M2 Pro"
    assert facts.logical_cpus == os.cpu_count()
    assert facts.memory_bytes > 0
    assert (tmp_path / "log").read_text().split() == list(SYSCTL_NAMES)


def test_a_system_that_is_not_known_has_cpus_and_memory() -> None:
    facts = read_other_host("freebsd14")
    assert facts.cpu_model is None
    assert facts.logical_cpus == os.cpu_count()
    assert facts.memory_bytes > 0
