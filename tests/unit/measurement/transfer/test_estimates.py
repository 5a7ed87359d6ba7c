from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.bounds import tree_bounds
from carbonrun.measurement.selection import select
from carbonrun.measurement.transfer.estimates import TransferEstimates
from carbonrun.notes import Notes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def machine(tmp_path: Path) -> tuple[str, str]:
    """Make a container with one disk and an interface that nobody shares."""
    disk = tmp_path / "sys/block/nvme0n1"
    (disk / "queue").mkdir(parents=True)
    (disk / "device").mkdir()
    (disk / "size").write_text(f"{10**12 // 512}\n")
    (disk / "queue/rotational").write_text("0\n")
    for pid, count in (("self", 0), ("7", 10**9)):
        folder = tmp_path / "proc" / pid
        (folder / "ns").mkdir(parents=True)
        (folder / "net").mkdir()
        (folder / "ns/net").symlink_to("net:[1]")
        (folder / "net/dev").write_text(f"eth0: {count} 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0\n")
    return f"{tmp_path}/proc", f"{tmp_path}/sys"


def test_both_are_billed_with_bounds(machine: tuple[str, str], tmp_path: Path) -> None:
    notes = Notes()
    estimates = TransferEstimates(*machine, virtual=False, is_alone=True)
    (tmp_path / "proc/self/net/dev").write_text("eth0: 1000000000 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0\n")
    estimates.look([7])
    found = estimates.finish(100.0, (10**9, 4 * 10**9), notes)
    assert found.unmeasured == ()
    chosen = select(found.ledgers, {})
    assert [ledger.device.id for ledger in chosen.billed] == ["disk", "network"]
    disk, network = (ledger.totals() for ledger in found.ledgers)
    assert disk.idle_joules == pytest.approx(12)
    assert disk.machine_joules == pytest.approx(120)
    assert network.active_joules == pytest.approx(3600)
    assert {note.code for note in notes.all()} == {"disk-estimated", "network-estimated"}
    for ledger, joules in ((found.ledgers[0], 12), (found.ledgers[1], 3600)):
        bounds = tree_bounds(ledger.device, ledger.totals(), 0.0)
        assert bounds.low_joules < joules < bounds.high_joules


def test_bytes_that_are_not_readable_are_a_row_not_a_zero(machine: tuple[str, str]) -> None:
    estimates = TransferEstimates(*machine, virtual=False, is_alone=False)
    estimates.look([7])
    found = estimates.finish(1.0, (None, None), Notes())
    assert found.ledgers == ()
    disk, network = found.unmeasured
    assert (disk.id, disk.kind) == ("disk", "disk")
    assert "not readable" in disk.reason
    assert disk.hint
    assert network.kind == "network"


def test_a_machine_without_disks_says_so(tmp_path: Path) -> None:
    estimates = TransferEstimates(str(tmp_path), str(tmp_path), virtual=True, is_alone=False)
    rows = estimates.finish(1.0, (0, 0), Notes()).unmeasured
    assert "no disk" in rows[0].reason


def test_while_the_command_runs_both_are_still_to_come(machine: tuple[str, str]) -> None:
    rows = TransferEstimates(*machine, virtual=False, is_alone=True).pending()
    assert [(row.id, row.kind) for row in rows] == [("disk", "disk"), ("network", "network")]
    assert all("has ended" in row.reason for row in rows)


def test_no_bytes_are_no_energy(machine: tuple[str, str]) -> None:
    found = TransferEstimates(*machine, virtual=False, is_alone=True).finish(1.0, (0, 0), Notes())
    chosen = select(found.ledgers, {})
    (disk,) = chosen.billed
    assert disk.totals().idle_joules == 0
    assert disk.totals().machine_joules == pytest.approx(1.2)
