"""Which program called which, and how much CPU time each used: the tree of calls. Pure.

A node stands for all processes of one program below the same callers: ``make`` > ``sh`` > ``cc1``
is one node, however often the compiler ran. A process that was forked and has executed nothing is
still its parent's program. One that executes another program moves to that program's node, below
the same caller; what it used before stays where it was.

Whoever watches the processes tells of forks, programs, CPU time and ends; this only adds up.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Recursive makes and shells within shells do not go deeper than this.
MOST_LEVELS = 24
# A tree of more nodes is no answer to anybody, and a report of megabytes.
MOST_CALLS = 1000


class Call:
    """A node: a program below its callers.

    Attributes:
        program: the name of it.
        cpu_seconds: of its own processes, without what they have called.
        ended: how many processes were this program when they ended.
        command: a command line of it, of the process that used the most of those that were seen.
        waited_seconds: CPU time of whatever its ended processes have waited for.
        returned_seconds: what was seen of the processes that its processes have started and that
            have ended, with what those had waited for.
    """

    __slots__ = (
        "calls", "command", "command_seconds", "cpu_seconds", "ended", "level", "program",
        "returned_seconds", "waited_seconds",
    )  # fmt: skip

    def __init__(self, program: str, level: int) -> None:
        """Start with nothing used."""
        self.program = program
        self.level = level
        self.cpu_seconds = 0.0
        self.ended = 0
        self.command: tuple[str, ...] = ()
        self.command_seconds = -1.0
        self.waited_seconds = 0.0
        self.returned_seconds = 0.0
        self.calls: dict[str, Call] = {}

    def walk(self) -> Iterator[Call]:
        """Yield this node and all below it, callers first."""
        queue = [self]
        while queue:
            call = queue.pop()
            yield call
            queue += call.calls.values()


class Caller:
    """A process that has not ended: its node, and the one that it was called by."""

    __slots__ = (
        "base", "call", "command", "has_command", "own_seconds", "seconds", "threads",
        "waited_seconds",
    )  # fmt: skip

    def __init__(self, base: Call, call: Call) -> None:
        """Start with one thread."""
        self.base = base
        self.call = call
        self.seconds = 0.0  # counted so far, whatever program it was
        self.own_seconds = 0.0  # since it is this program
        self.command: tuple[str, ...] = ()
        self.waited_seconds = 0.0
        self.threads = 1
        self.has_command = False


class CallTree:
    """The nodes, and the processes that are alive."""

    def __init__(self) -> None:
        """Start with a root that is no program: who has started the command."""
        self.root = Call("", 0)
        self.live: dict[int, Caller] = {}
        self.nodes = 0

    def start(self, pid: int, program: str) -> None:
        """Take a process whose caller is not of the tree, or is not known."""
        self.live[pid] = Caller(self.root, self._node(self.root, program))

    def fork(self, pid: int, parent: int) -> bool:
        """Take a new process; False, and nothing, if its parent is not of the tree."""
        maker = self.live.get(parent)
        if maker is None:
            return False
        self.live[pid] = Caller(maker.call, maker.call)
        return True

    def execute(self, pid: int, program: str) -> None:
        """Note that a process is another program from now on."""
        caller = self.live[pid]
        _offer(caller)
        caller.call = self._node(caller.base, program)
        caller.own_seconds, caller.command, caller.has_command = 0.0, (), False

    def add(self, pid: int, seconds: float) -> None:
        """Add CPU time that a live process has used since it was asked about last."""
        caller = self.live[pid]
        caller.seconds += seconds
        caller.own_seconds += seconds
        caller.call.cpu_seconds += seconds

    def add_up_to(self, pid: int, seconds: float) -> None:
        """Bring the CPU time of a live process up to all that it has used so far."""
        more = seconds - self.live[pid].seconds
        if more > 0:
            self.add(pid, more)

    def wait_up_to(self, pid: int, seconds: float) -> None:
        """Note how much CPU time a live process has waited for so far."""
        caller = self.live[pid]
        caller.waited_seconds = max(caller.waited_seconds, seconds)

    def end(self, pid: int) -> None:
        """Note that a process is no more."""
        caller = self.live.pop(pid)
        _offer(caller)
        caller.call.ended += 1
        caller.call.waited_seconds += caller.waited_seconds
        caller.base.returned_seconds += caller.seconds + caller.waited_seconds

    def unseen_seconds(self) -> dict[Call, float]:
        """Return what the processes of each node have waited for that was not seen, if any."""
        waited = {call: call.waited_seconds for call in self.root.walk()}
        for caller in self.live.values():
            waited[caller.call] += caller.waited_seconds
        unseen = {call: each - call.returned_seconds for call, each in waited.items()}
        return {call: each for call, each in unseen.items() if each > 0 and call is not self.root}

    def describe(self, pid: int, command: tuple[str, ...]) -> None:
        """Remember the command line of a live process."""
        caller = self.live[pid]
        caller.command, caller.has_command = command, True

    def commands(self) -> dict[Call, tuple[str, ...]]:
        """Return for each node the command line of the process that has used the most of it."""
        for caller in self.live.values():
            _offer(caller)
        return {call: call.command for call in self.root.walk() if call.command}

    def processes(self) -> dict[Call, int]:
        """Return how many processes were last seen as each node, ended ones included."""
        counts = {call: call.ended for call in self.root.walk()}
        for caller in self.live.values():
            counts[caller.call] += 1
        return counts

    @property
    def cpu_seconds(self) -> float:
        """Return all that was added."""
        return sum(call.cpu_seconds for call in self.root.walk())

    @property
    def ended(self) -> int:
        """Return how many processes have ended."""
        return sum(call.ended for call in self.root.walk())

    def _node(self, base: Call, program: str) -> Call:
        found = base.calls.get(program)
        if found is not None:
            return found
        # Where there is no room, the caller answers for it; the command for those without one.
        if base.level >= MOST_LEVELS or self.nodes >= MOST_CALLS:
            return base if base is not self.root else next(iter(base.calls.values()))
        self.nodes += 1
        node = base.calls[program] = Call(program, base.level + 1)
        return node


def _offer(caller: Caller) -> None:
    """Let a process be the example of its node if none has used more."""
    if caller.command and caller.own_seconds > caller.call.command_seconds:
        caller.call.command = caller.command
        caller.call.command_seconds = caller.own_seconds
