"""Bytes that the tree sent and received, where the kernel can tell at all.

The kernel counts network bytes for interfaces, not for processes or control groups. So those of a
tree are known only where it has interfaces of its own: in a network namespace that it alone lives
in. That is so for a container that holds nothing but the command, and for what the command starts
in namespaces other than ours.

Source: network_namespaces(7), proc_pid_net(5).
"""

from __future__ import annotations

import os

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.procstat import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

REASON = "the kernel counts network bytes for interfaces, and the command shares them with others"
HINT = "run it in a container or a network namespace of its own"
_LOOPBACK = "lo"
_RECEIVED, _SENT = 0, 8


def parse_interfaces(text: str) -> dict[str, int]:
    """Return received and sent bytes by interface, of the text of ``net/dev``; no loopback."""
    found = {}
    for line in text.splitlines():
        name, colon, rest = line.partition(":")
        fields = rest.split()
        if not colon or name.strip() == _LOOPBACK or len(fields) <= _SENT:
            continue
        try:
            found[name.strip()] = int(fields[_RECEIVED]) + int(fields[_SENT])
        except ValueError:
            continue
    return found


class Namespace:
    """Interfaces of one network namespace, and what they moved since the first look."""

    def __init__(self) -> None:
        """Start without any interface."""
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}

    def look(self, interfaces: dict[str, int]) -> None:
        """Take the counters now; what was there before an interface was first seen is not ours."""
        for name, count in interfaces.items():
            self._first.setdefault(name, count)
            self._last[name] = max(count, self._last.get(name, count))

    def moved_bytes(self) -> int:
        """Return the bytes since each interface was first seen."""
        return sum(self._last[name] - self._first[name] for name in self._last)


class NetworkWatch:
    """Looks at the network namespaces of the tree's processes while they live."""

    def __init__(self, procfs: str, sysfs: str, *, is_alone: bool) -> None:
        """Start counting.

        Args:
            procfs: where our own processes are.
            sysfs: where our own interfaces are.
            is_alone: nobody but the command lives in our control group.
        """
        self._procfs = procfs
        self._own = _own_namespace(procfs)
        self._is_seen = False
        self._shares_ours = False
        self._has_hidden = False
        self._namespaces: dict[str, Namespace] = {}
        self._machine = Namespace()
        self._machine.look(self._interfaces("self"))
        self._is_private = is_alone and not _has_hardware(sysfs, self._interfaces("self"))

    def look(self, pids: Iterable[int]) -> None:
        """Look at the namespaces of live processes; those that are gone are passed over."""
        self._machine.look(self._interfaces("self"))
        looked: set[str] = set()
        for pid in pids:
            try:
                namespace = os.readlink(f"{self._procfs}/{pid}/ns/net")  # noqa: PTH115
            except PermissionError:
                self._has_hidden = self._is_seen = True
                continue
            except OSError:
                continue  # it has ended
            if namespace in looked:
                continue
            looked.add(namespace)
            self._is_seen = True
            if namespace == self._own:
                self._shares_ours = True
            else:
                of = self._namespaces.setdefault(namespace, Namespace())
                of.look(self._interfaces(str(pid)))

    def machine_bytes(self) -> int:
        """Return what the interfaces of our own namespace moved."""
        return self._machine.moved_bytes()

    def tree_bytes(self) -> int:
        """Return what the tree sent and received since the first look.

        Raises:
            MeterUnavailable: it cannot be told from what others did.
        """
        if not self._is_seen:
            raise MeterUnavailable("the command ended before its network could be looked at")
        if self._has_hidden:
            raise MeterUnavailable("the network of some of the processes is not readable")
        elsewhere = sum(namespace.moved_bytes() for namespace in self._namespaces.values())
        if self._shares_ours and self._own is not None:
            if not self._is_private:
                raise MeterUnavailable(REASON, HINT)
            return elsewhere + self.machine_bytes()
        return elsewhere

    def _interfaces(self, pid: str) -> dict[str, int]:
        try:
            text = read_bytes(f"{self._procfs}/{pid}/net/dev").decode("ascii", "replace")
        except OSError:
            return {}
        return parse_interfaces(text)


def _own_namespace(procfs: str) -> str | None:
    try:
        return os.readlink(f"{procfs}/self/ns/net")  # noqa: PTH115
    except OSError:
        return None


def _has_hardware(sysfs: str, interfaces: Iterable[str]) -> bool:
    """Tell whether one of the interfaces is a device of the machine, which a container has not."""
    return any(os.path.exists(f"{sysfs}/class/net/{name}/device") for name in interfaces)  # noqa: PTH110
