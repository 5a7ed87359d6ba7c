"""The control group as an accountant: the kernel's own sum over all of its processes, exact.

Responsible for: finding the cgroup v2 hierarchy (also beside v1 controllers), reading a group's
CPU, memory and I/O, and a transient group for ``--cgroup``. The command is never moved to another
group unasked: programs that read the limits of their own group would change their behaviour.

Source: Documentation/admin-guide/cgroup-v2.rst of the kernel. ``cpu.stat`` exists in every group,
with or without the cpu controller.
"""

from __future__ import annotations

import os
import time

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.procstat import read_bytes
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

# Of the names of transient groups.
PREFIX = "carbonrun-"
# A group is younger than that while its carbonrun has made but not yet entered it.
_ABANDONED_SECONDS = 60


class Hierarchy(Record):
    """The mounted cgroup v2 hierarchy.

    Attributes:
        mount: where it is mounted.
        own_folder: the directory of its group, None if it lies outside of what is mounted.
    """

    mount: str
    own_folder: str | None


def find_hierarchy(procfs: str, who: str = "self") -> Hierarchy | None:
    """Return the cgroup v2 hierarchy as process ``who`` lives in it, None if there is none.

    A container may see a part of it only: then the mount's root is not that of the hierarchy, and
    our own path may be told from either. Source: cgroups(7), proc_pid_mountinfo(5).
    """
    try:
        lines = read_bytes(f"{procfs}/self/mountinfo").split(b"\n")
        groups = read_bytes(f"{procfs}/{who}/cgroup").split(b"\n")
    except OSError:
        return None
    own = next((line[len(b"0::") :] for line in groups if line.startswith(b"0::/")), None)
    for line in lines:
        if b" - cgroup2 " in line:
            fields = line.split()
            root, mount = (os.fsdecode(_unescaped(field)) for field in fields[3:5])
            own_folder = None if own is None else _own_folder(os.fsdecode(own), root, mount)
            return Hierarchy(mount=mount, own_folder=own_folder)
    return None


def _own_folder(own: str, root: str, mount: str) -> str | None:
    root = root.rstrip("/")
    if own.startswith("/..") or not f"{own}/".startswith(f"{root}/"):
        return None
    return f"{mount}{own[len(root) :]}".rstrip("/")


def _unescaped(field: bytes) -> bytes:
    """Return a field of mountinfo with blanks and the like as they are."""
    if b"\\" not in field:
        return field
    for code in (b"040", b"011", b"012", b"134"):
        field = field.replace(b"\\" + code, bytes([int(code, 8)]))
    return field


class Group:
    """One group, by its directory."""

    def __init__(self, folder: str) -> None:
        """Read from ``folder``; nothing is opened yet."""
        self.folder = folder

    def cpu_seconds(self) -> float:
        """Return CPU seconds of all processes that ever were in the group or below it.

        Raises:
            MeterUnavailable: the group cannot be read.
        """
        try:
            fields = read_bytes(f"{self.folder}/cpu.stat").split()
            return int(fields[fields.index(b"usage_usec") + 1]) * 1e-6
        except (OSError, ValueError, IndexError) as error:
            raise MeterUnavailable(f"{self.folder}/cpu.stat is not readable") from error

    def memory_bytes(self) -> int | None:
        """Return the memory charged to the group, None without the memory controller."""
        return self._number("memory.current")

    def peak_memory_bytes(self) -> int | None:
        """Return the highest ``memory_bytes`` so far, None where the kernel does not keep it."""
        return self._number("memory.peak")

    def storage_bytes(self) -> tuple[int, int] | None:
        """Return bytes read from and written to storage, None without the io controller."""
        try:
            fields = read_bytes(f"{self.folder}/io.stat").split()
        except OSError:
            return None
        sums = {b"rbytes": 0, b"wbytes": 0}
        for field in fields:
            key, _, value = field.partition(b"=")
            if key in sums:
                sums[key] += int(value)
        return sums[b"rbytes"], sums[b"wbytes"]

    def is_root(self) -> bool:
        """Tell whether this is the machine's true root: only that has no ``cgroup.type``."""
        return not os.path.exists(f"{self.folder}/cgroup.type")  # noqa: PTH110

    def pids(self) -> list[int]:
        """Return the processes that are in this very group; empty if it cannot be read."""
        try:
            return [int(pid) for pid in read_bytes(f"{self.folder}/cgroup.procs").split()]
        except (OSError, ValueError):
            return []

    def is_ours_alone(self) -> bool:
        """Tell whether nobody but this process lives in the group or below it."""
        if self.is_root() or self.pids() != [os.getpid()]:
            return False
        try:
            entries = [entry.path for entry in os.scandir(self.folder) if entry.is_dir()]
            # An empty sub-group says "populated 0".
            return all(b"populated 0" in read_bytes(f"{path}/cgroup.events") for path in entries)
        except OSError:
            return False

    def _number(self, name: str) -> int | None:
        try:
            return int(read_bytes(f"{self.folder}/{name}"))
        except (OSError, ValueError):
            return None


class TransientGroup(Group):
    """A group of its own for the command (``--cgroup``), removed after the run."""

    @classmethod
    def create(cls, parent: Group, name: str) -> Self:
        """Make the group below ``parent``.

        Raises:
            MeterUnavailable: the group may not be made here.
        """
        _sweep(parent.folder)
        group = cls(f"{parent.folder}/{name}")
        try:
            os.mkdir(group.folder)  # noqa: PTH102
        except OSError as error:
            raise MeterUnavailable(
                f"no control group can be made below {parent.folder}: {error.strerror}",
                "give carbonrun a group of its own: "
                "systemd-run --user --scope -p Delegate=yes carbonrun --cgroup -- ...",
            ) from error
        group._parent = parent
        return group

    _parent: Group

    def enter(self) -> None:
        """Move this process into the group; what it spawns is born there.

        Raises:
            MeterUnavailable: the kernel refuses.
        """
        try:
            _move(os.getpid(), self.folder)
        except OSError as error:
            self.remove()
            raise MeterUnavailable(
                f"{self.folder} cannot be entered: {error.strerror}",
                "run carbonrun in a delegated group, or without --cgroup",
            ) from error

    def leave(self) -> None:
        """Move this process back, so that its own work is not counted."""
        _move(os.getpid(), self._parent.folder)

    def remove(self) -> bool:
        """Give the processes that are left back to the parent and remove the group.

        Groups that the command has made below go too: ours could not be removed otherwise.

        Returns:
            True if the group is gone.
        """
        return _dissolve(self, self._parent.folder)


class GroupUse(Record):
    """A group that the command lives in and what was on its meter at the start.

    Attributes:
        group: the control group.
        start_cpu_seconds: reading of its meter before the command was started, our own CPU time
            taken off if we live in it too.
        is_shared_with_us: carbonrun lives in it too.
    """

    group: Group
    start_cpu_seconds: float
    is_shared_with_us: bool

    def cpu_seconds(self) -> float:
        """Return CPU seconds of the command's tree since the start."""
        own = time.process_time() if self.is_shared_with_us else 0.0
        return self.group.cpu_seconds() - own - self.start_cpu_seconds


def use_group(group: Group, *, is_shared_with_us: bool) -> GroupUse:
    """Read the group's meter before the command is started.

    Raises:
        MeterUnavailable: the group cannot be read.
    """
    own = time.process_time() if is_shared_with_us else 0.0
    return GroupUse(
        group=group,
        start_cpu_seconds=group.cpu_seconds() - own,
        is_shared_with_us=is_shared_with_us,
    )


def _dissolve(group: Group, target: str) -> bool:
    """Move everybody in a group and below it to another and remove it; True if it is gone."""
    try:
        below = [Group(entry.path) for entry in os.scandir(group.folder) if entry.is_dir()]
    except OSError:
        below = []
    for each in below:
        _dissolve(each, target)
    for pid in group.pids():
        try:
            _move(pid, target)
        except OSError:
            continue  # it has ended meanwhile
    try:
        os.rmdir(group.folder)  # noqa: PTH106
    except OSError:
        return False
    return True


def _sweep(folder: str) -> None:
    """Remove the empty groups of carbonruns that were killed; the kernel refuses those in use."""
    oldest_seconds = time.time() - _ABANDONED_SECONDS
    try:
        for entry in os.scandir(folder):
            if entry.name.startswith(PREFIX) and entry.stat().st_mtime < oldest_seconds:
                os.rmdir(entry.path)  # noqa: PTH106
    except OSError:
        return  # in use, or not ours to remove


def _move(pid: int, folder: str) -> None:
    descriptor = os.open(f"{folder}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, b"%d" % pid)
    finally:
        os.close(descriptor)
