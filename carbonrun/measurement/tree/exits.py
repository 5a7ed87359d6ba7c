"""Puts processes that have ended into the tree of calls, knowing only who their parents were. Pure.

Children mostly end before their parents, so a process is kept until its parent is known: as one of
the tree, then it belongs below it, or as somebody else's. Whoever looks at what is running tells of
the former; a process whose parent lives on and was not found there is a stranger's.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from carbonrun.measurement.tree.calls import CallTree


class ThreadEnd:
    """A thread that has ended. Not a record: thousands a second are made.

    Attributes:
        tid, pid: of the thread, of its process.
        parent: the process id of its parent at that moment.
        program: the name of the thread.
        cpu_seconds: of this thread.
        is_last: the process has ended with it.
    """

    __slots__ = ("cpu_seconds", "is_last", "parent", "pid", "program", "tid")

    def __init__(  # noqa: PLR0913 - a record's fields
        self, *, tid: int, pid: int, parent: int, program: str, cpu_seconds: float, is_last: bool
    ) -> None:
        """Store the fields."""
        self.tid = tid
        self.pid = pid
        self.parent = parent
        self.program = program
        self.cpu_seconds = cpu_seconds
        self.is_last = is_last


class _Ended:
    """A process that has ended, or some threads of it."""

    __slots__ = ("cpu_seconds", "looks", "program")

    def __init__(self) -> None:
        self.program = ""
        self.cpu_seconds = 0.0
        self.looks = 0  # since it has ended


class Exits:
    """The ends of all processes of the machine; those of the tree go into it."""

    def __init__(self, tree: CallTree, own_pid: int, strangers: Container[int]) -> None:
        """Sort out who belongs to the tree.

        Args:
            tree: to put them in.
            own_pid: carbonrun, whose children are of the tree.
            strangers: children of ours that are not.
        """
        self._tree = tree
        self._own_pid = own_pid
        self._strangers = strangers
        self._threads: dict[int, _Ended] = {}
        self._waiting: dict[int, list[tuple[int, _Ended]]] = {}  # by parent

    def take(self, end: ThreadEnd) -> None:
        """Take note of the end of a thread."""
        ended = self._threads.setdefault(end.pid, _Ended())
        ended.cpu_seconds += end.cpu_seconds
        if end.tid == end.pid or not ended.program:
            ended.program = end.program
        if end.is_last:
            del self._threads[end.pid]
            self._settle(end.pid, end.parent, ended)

    def look(self, is_alive: Callable[[int], bool]) -> None:
        """Give up those whose parent lives and is not of the tree, though it was looked for."""
        for parent in list(self._waiting):
            waiting = self._waiting[parent]
            if parent in self._tree.live:
                del self._waiting[parent]
                for pid, ended in waiting:
                    self._settle(pid, parent, ended)
            elif any(ended.looks for _, ended in waiting) and is_alive(parent):
                del self._waiting[parent]
            for _, ended in waiting:
                ended.looks += 1

    def _settle(self, pid: int, parent: int, ended: _Ended) -> None:
        tree = self._tree
        if pid in self._strangers:
            self._waiting.pop(pid, None)
            return
        if pid not in tree.live:
            if parent == self._own_pid:
                tree.start(pid, ended.program)
            elif not tree.fork(pid, parent):
                self._waiting.setdefault(parent, []).append((pid, ended))
                return
        if tree.live[pid].call.program != ended.program:
            tree.execute(pid, ended.program)
        for child, each in self._waiting.pop(pid, ()):
            self._settle(child, pid, each)
        tree.add_up_to(pid, ended.cpu_seconds)
        tree.end(pid)
