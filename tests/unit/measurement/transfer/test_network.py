from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.transfer.network import Namespace, NetworkWatch, parse_interfaces
from tests.machine.unprivileged import public_folder, run_unprivileged

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
"""
OURS, OTHER, THIRD = "net:[4026531840]", "net:[4026532200]", "net:[4026532300]"


def dev(**counts: int) -> str:
    rows = (
        f"{name}: {count} 1 0 0 0 0 0 0 {count} 1 0 0 0 0 0 0\n" for name, count in counts.items()
    )
    return HEAD + "".join(rows)


class Machine:
    """Processes in network namespaces, as procfs shows them."""

    def __init__(self, root: Path) -> None:
        self.procfs, self.sysfs = str(root / "proc"), str(root / "sys")
        self._root = root

    def process(self, pid: str, namespace: str, **counts: int) -> None:
        folder = self._root / "proc" / pid
        (folder / "ns").mkdir(parents=True, exist_ok=True)
        (folder / "net").mkdir(exist_ok=True)
        link = folder / "ns" / "net"
        link.unlink(missing_ok=True)
        link.symlink_to(namespace)
        (folder / "net" / "dev").write_text(dev(**counts))

    def hardware(self, name: str) -> None:
        (self._root / "sys/class/net" / name / "device").mkdir(parents=True)

    def watch(self, *, is_alone: bool = False) -> NetworkWatch:
        return NetworkWatch(self.procfs, self.sysfs, is_alone=is_alone)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.process("self", OURS, lo=500, eth0=1000)
    return machine


def test_interfaces_without_loopback() -> None:
    text = HEAD + "    lo:  100 1 0 0 0 0 0 0  100 1 0 0 0 0 0 0\n  eth0:12 1 0 0 0 0 0 0 30 1\n"
    assert parse_interfaces(text) == {"eth0": 42}


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    assert "lo" not in parse_interfaces(text)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 10**12))))
def test_moved_bytes_never_decrease(looks: list[dict[str, int]]) -> None:
    namespace, last = Namespace(), 0
    for interfaces in looks:
        namespace.look(interfaces)
        assert namespace.moved_bytes() >= last
        last = namespace.moved_bytes()


def test_in_the_namespace_of_the_machine_the_bytes_are_not_known(machine: Machine) -> None:
    machine.hardware("eth0")
    for is_alone in (False, True):
        watch = machine.watch(is_alone=is_alone)
        machine.process("10", OURS, eth0=1000)
        watch.look([10])
        with pytest.raises(MeterUnavailable) as caught:
            watch.tree_bytes()
        assert "shares" in caught.value.reason
        assert caught.value.hint


def test_in_a_container_of_its_own_they_are_those_of_the_container(machine: Machine) -> None:
    watch = machine.watch(is_alone=True)
    machine.process("self", OURS, lo=9999, eth0=1300)
    watch.look([])
    machine.process("10", OURS, eth0=1300)
    watch.look([10])
    assert watch.tree_bytes() == watch.machine_bytes() == 600


def test_a_container_with_others_in_it_does_not_tell(machine: Machine) -> None:
    watch = machine.watch(is_alone=False)
    machine.process("10", OURS, eth0=1000)
    watch.look([10])
    with pytest.raises(MeterUnavailable):
        watch.tree_bytes()


def test_a_namespace_of_its_own_is_counted_from_its_first_look(machine: Machine) -> None:
    machine.hardware("eth0")
    watch = machine.watch()
    machine.process("10", OTHER, veth0=100)
    machine.process("11", OTHER, veth0=100)
    watch.look([10, 11])
    machine.process("11", OTHER, veth0=350, lo=5)
    machine.process("12", THIRD, veth1=7)
    watch.look([11, 12])
    machine.process("12", THIRD, veth1=10)
    watch.look([12])
    assert watch.tree_bytes() == 2 * (250 + 3)


def test_one_process_in_ours_makes_the_sum_unknown(machine: Machine) -> None:
    machine.hardware("eth0")
    watch = machine.watch()
    machine.process("10", OTHER, veth0=100)
    machine.process("11", OURS, eth0=1000)
    watch.look([10, 11])
    with pytest.raises(MeterUnavailable):
        watch.tree_bytes()


def test_a_process_that_may_not_be_looked_at_makes_the_sum_unknown() -> None:
    def reason(of: Machine) -> str:
        watch = of.watch(is_alone=True)
        watch.look([10, 11])
        try:
            return str(watch.tree_bytes())
        except MeterUnavailable as error:
            return error.reason

    with public_folder() as folder:
        container = Machine(folder)
        container.process("self", OURS, eth0=1000)
        container.process("10", OTHER, veth0=100)
        container.process("11", OURS, eth0=1000)
        assert run_unprivileged(lambda: reason(container)) == "0"
        (folder / "proc/11/ns").chmod(0)
        assert "not readable" in run_unprivileged(lambda: reason(container))
        (folder / "proc/11/ns").chmod(0o755)


def test_nobody_seen_is_not_nothing_sent(machine: Machine) -> None:
    watch = machine.watch(is_alone=True)
    watch.look([4711])  # gone
    with pytest.raises(MeterUnavailable, match="ended before"):
        watch.tree_bytes()
