"""Estimates that are only made where somebody asks for them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from carbonrun.measurement.host import read_host
from carbonrun.measurement.transfer.disks import read_disks
from tests.e2e.wrapper import CARBONRUN, PYTHON, SOURCE, require_carbonrun, require_tool

if TYPE_CHECKING:
    from tests.e2e.wrapper import Sandbox

ASKED = "--estimate-disk-network"
DISKS = read_disks("/sys", virtual=read_host("/proc", "/sys").virtual)
WRITE = ["sh", "-c", "dd if=/dev/zero of=big bs=1M count=64 conv=fsync 2>&1; sleep 0.3"]


@pytest.fixture(autouse=True)
def _carbonrun_only() -> None:
    require_carbonrun()


def report(sandbox: Sandbox, *words: str, options: tuple[str, ...] = ()) -> dict[str, Any]:
    path = sandbox.work / "report.json"
    result = sandbox.run([*CARBONRUN, "-q", "--json", str(path), *options, "--", *words])
    assert result.status == 0, result.stderr
    content: dict[str, Any] = json.loads(path.read_text())
    schema = json.loads((SOURCE / "carbonrun/report/schema.json").read_text())
    jsonschema.validate(content, schema)
    return content


def kinds(content: dict[str, Any], key: str) -> set[str]:
    return {row["kind"] for row in content["energy"][key]} & {"disk", "network"}


def test_unasked_there_is_nothing_of_disk_and_network(sandbox: Sandbox) -> None:
    content = report(sandbox, *WRITE)
    assert kinds(content, "devices") | kinds(content, "unmeasured") == set()


def test_asked_for_both_are_there_or_say_why_not(sandbox: Sandbox) -> None:
    content = report(sandbox, *WRITE, options=(ASKED,))
    assert kinds(content, "devices") | kinds(content, "unmeasured") == {"disk", "network"}
    energy = content["energy"]
    assert energy["joules"] == pytest.approx(sum(d["joules"] for d in energy["devices"]))
    for device in energy["devices"]:
        if device["kind"] in {"disk", "network"}:
            assert device["method"] == "estimated"
            assert "Cloud Carbon Footprint" in device["source"]
            assert "2026" in device["source"]
            assert device["low_joules"] <= device["joules"] <= device["high_joules"]


@pytest.mark.skipif(not DISKS, reason="this machine shows no disk")
def test_written_bytes_cost_what_they_should(sandbox: Sandbox) -> None:
    content = report(sandbox, *WRITE, options=(ASKED,))
    written = content["tree"]["io_write_bytes"]
    if not written:
        pytest.skip("the temporary directory is not on a disk")
    (disk,) = (d for d in content["energy"]["devices"] if d["kind"] == "disk")
    moved = written + content["tree"]["io_read_bytes"]
    watts = sum((0.65 if d.is_rotating else 1.2) * d.capacity_bytes / 1e12 for d in DISKS)
    pace = sum(0.15e9 if d.is_rotating else 0.5e9 for d in DISKS)
    seconds = min(moved / pace, content["run"]["duration_seconds"])
    assert disk["joules"] == pytest.approx(watts * seconds, rel=0.01)
    assert any("disk" in point["watts"] for point in content["timeline"])


# Both ends of the cable are inside, so that each byte is sent by one and received by the other.
CABLE = """
ip link add one type veth peer name two && ip address add 10.9.0.1/24 dev one &&
ip link set two up && ip link set one up && sleep 0.4 && "$@" && sleep 0.2
"""
BROADCAST = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    for _ in range(2000):
        sender.sendto(bytes(1400), ("10.9.0.255", 9))
"""
HEADERS_BYTES = 8 + 20 + 14  # UDP, IP, Ethernet


@pytest.fixture
def alone() -> list[str]:
    """Return the command that runs another one in a network namespace of its own."""
    unshare = require_tool("unshare")
    words = [unshare, "--map-root-user", "--net"] if os.geteuid() else [unshare, "--net"]
    if subprocess.run([*words, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no namespaces may be made here")
    return words


def test_a_namespace_of_its_own_makes_the_network_known(sandbox: Sandbox, alone: list[str]) -> None:
    require_tool("ip")
    cable = [*alone, "sh", "-c", CABLE, "sh"]
    if subprocess.run([*cable, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no virtual cables may be made here")
    content = report(sandbox, *cable, *PYTHON, "-c", BROADCAST, options=(ASKED,))
    (network,) = (d for d in content["energy"]["devices"] if d["kind"] == "network")
    moved_bytes = 2 * 2000 * (1400 + HEADERS_BYTES)
    assert network["joules"] == pytest.approx(moved_bytes * 3.6e-6, rel=0.02)
    assert network["active_joules"] == network["joules"]


def test_without_an_interface_nothing_was_sent(sandbox: Sandbox, alone: list[str]) -> None:
    content = report(sandbox, *alone, "sleep", "0.4", options=(ASKED,))
    (network,) = (d for d in content["energy"]["devices"] if d["kind"] == "network")
    assert network["joules"] == 0  # there is nothing but a loopback interface


def test_metadata_are_not_asked_for_offline(sandbox: Sandbox) -> None:
    content = report(sandbox, "sleep", "0.1", options=("--cloud-metadata", "--offline"))
    (note,) = (n for n in content["notes"] if n["code"] == "cloud-metadata")
    assert "--offline" in note["message"]


def test_a_configuration_file_may_ask_too(sandbox: Sandbox) -> None:
    Path(sandbox.work, "carbonrun.toml").write_text("estimate-disk-network = true\n")
    content = report(sandbox, *WRITE)
    assert kinds(content, "devices") | kinds(content, "unmeasured") == {"disk", "network"}
