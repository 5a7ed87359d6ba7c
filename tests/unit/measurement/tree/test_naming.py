"""The tree of calls by looking at what runs, and together with what the kernel tells."""

from __future__ import annotations

from carbonrun.measurement.tree.calls import CallTree
from carbonrun.measurement.tree.naming import LOOKS, TASKSTATS, Naming
from carbonrun.measurement.tree.table import ProcessTable
from tests.unit.measurement.tree.test_calls import paths
from tests.unit.measurement.tree.test_watched import SHELL, Machine

COMMAND = 101


class Place:
    """A simulated machine on which process ``SHELL`` is carbonrun, and its naming."""

    def __init__(self, source: Told | None = None, *, is_late: bool = False) -> None:
        self.machine = Machine()
        self.table = ProcessTable(self.machine, SHELL, frozenset(), b"")
        self.machine.stats.clear()
        self.machine.start(SHELL, 1)
        self.machine.start(COMMAND, SHELL, name="make")
        if is_late:
            self.come_and_go(COMMAND, 7)
        self.naming = Naming(CallTree(), is_late=is_late)
        if source is not None:
            source.tree = self.naming.tree
            self.naming = Naming(source.tree, TASKSTATS, source)
        self.naming.start(COMMAND, "make")
        self.look()

    def look(self) -> None:
        self.table.scan()
        self.naming.look(self.table)

    def come_and_go(self, parent: int, seconds: float) -> None:
        """Let a process live and end that nobody looks at."""
        self.machine.start(199, parent)
        self.machine.work(199, seconds)
        self.machine.end(199, waited=True)

    def unnamed(self, total_seconds: float) -> dict[str, float]:
        """Return what has no name, by the program that waited for it; the rest by no name."""
        shares = self.naming.divide(total_seconds, self.table)
        found = {call.program: seconds for call, seconds in shares.unnamed_below.items()}
        return {**found, "": shares.unnamed_seconds - sum(found.values())}

    def rename(self, pid: int, name: str) -> None:
        self.machine.stats[pid] = self.machine.stats[pid].replace(name=name)


def test_children_stand_below_who_started_them() -> None:
    place = Place()
    place.machine.start(102, COMMAND, name="sh")
    place.machine.start(103, 102, name="cc1")
    place.machine.work(103, 2)
    place.look()
    assert paths(place.naming.tree) == {
        "make": (0.0, 0), "make/sh": (0.0, 0), "make/sh/cc1": (2.0, 0),
    }  # fmt: skip
    make = place.naming.tree.root.calls["make"]
    assert place.naming.tree.commands()[make] == ("command", "of", str(COMMAND))
    assert (place.naming.method, place.naming.is_complete) == (LOOKS, False)


def test_a_forked_child_of_the_same_name_is_the_same_program() -> None:
    place = Place()
    place.machine.start(102, COMMAND, name="make")
    place.machine.work(102, 2)
    place.look()
    assert paths(place.naming.tree) == {"make": (2.0, 0)}
    assert len(place.naming.tree.live) == 2


def test_what_becomes_another_program_is_counted_there_from_then_on() -> None:
    place = Place()
    place.machine.start(102, COMMAND, name="sh")
    place.machine.work(102, 1)
    place.look()
    place.rename(102, "python3")
    place.machine.work(102, 2)
    place.look()
    place.machine.end(102, waited=True)
    place.look()
    assert paths(place.naming.tree) == {
        "make": (0.0, 0), "make/sh": (1.0, 0), "make/python3": (2.0, 1),
    }  # fmt: skip


def test_a_number_that_is_used_again_is_another_process() -> None:
    place = Place()
    for name in ("one", "two"):
        place.machine.start(102, COMMAND, name=name)
        place.machine.work(102, 3)
        place.look()
        if name == "one":
            place.machine.end(102, waited=True)
    assert paths(place.naming.tree)["make/one"] == (3.0, 1)
    assert paths(place.naming.tree)["make/two"] == (3.0, 0)


def test_an_orphan_stays_where_it_was() -> None:
    place = Place()
    place.machine.start(102, COMMAND, name="sh")
    place.machine.start(103, 102, name="daemon")
    place.look()
    place.machine.end(102, waited=True)
    place.machine.stats[103] = place.machine.stats[103].replace(parent_pid=SHELL)
    place.machine.work(103, 1)
    place.look()
    assert paths(place.naming.tree)["make/sh/daemon"] == (1.0, 0)


class Told:
    """Tells of ends, as the kernel does to root."""

    is_open = True
    is_complete = True
    sees_starts = False

    def __init__(self) -> None:
        self.tree = CallTree()
        self.ends: list[tuple[int, float]] = []
        self.ended: set[int] = set()

    def drain(self) -> None:
        if not self.is_open:
            raise OSError("closed")
        for pid, seconds in self.ends:
            self.tree.add_up_to(pid, seconds)
            self.tree.end(pid)
            self.ended.add(pid)
        self.ends.clear()

    def after_look(self) -> None:
        pass

    def has_ended(self, pid: int) -> bool:
        return pid in self.ended


def test_one_that_has_told_its_end_is_not_taken_for_running() -> None:
    told = Told()
    place = Place(told)
    place.machine.start(102, COMMAND, name="cc1")
    place.machine.work(102, 1)
    place.look()
    told.ends.append((102, 1.5))
    place.naming.drain()
    place.look()  # it still shows as running
    place.machine.end(102, waited=True)
    place.look()
    assert paths(place.naming.tree)["make/cc1"] == (1.5, 1)


def test_what_cannot_be_read_any_more_is_given_up_and_looks_go_on() -> None:
    told = Told()
    place = Place(told)
    told.is_open = False
    place.machine.work(COMMAND, 2)
    place.look()
    assert place.naming.looks_because is not None
    assert (place.naming.method, place.naming.is_complete) == (LOOKS, False)
    place.machine.work(COMMAND, 1)
    place.look()
    assert paths(place.naming.tree) == {"make": (3.0, 0)}


def test_the_total_is_divided_and_live_clocks_count() -> None:
    place = Place()
    place.machine.work(COMMAND, 2)
    place.look()
    place.machine.work(COMMAND, 1)
    place.table.cpu_seconds()
    shares = place.naming.divide(4.0, place.table)
    assert (shares.named_seconds, shares.unnamed_seconds) == (3.0, 1.0)


def test_what_nobody_saw_belongs_below_who_waited_for_it() -> None:
    place = Place()
    place.machine.start(102, COMMAND, name="sh")
    place.come_and_go(102, 2)
    place.look()
    assert place.unnamed(2.5) == {"sh": 2.0, "": 0.5}
    place.machine.work(102, 1)
    place.look()
    place.machine.end(102, waited=True)  # all of it comes to its parent now
    place.look()
    assert place.unnamed(3.5) == {"sh": 2.0, "": 0.5}
    assert place.naming.divide(3.5, place.table).named_seconds == 1.0


def test_no_more_is_without_a_name_than_is_left_of_the_total() -> None:
    place = Place()
    place.come_and_go(COMMAND, 2)
    place.look()
    assert place.unnamed(1.5) == {"make": 1.5, "": 0.0}


def test_what_was_waited_for_before_does_not_count() -> None:
    place = Place(is_late=True)
    place.come_and_go(COMMAND, 1)
    place.look()
    assert place.unnamed(1.0) == {"make": 1.0, "": 0.0}


def test_an_orphan_that_was_seen_only_at_its_end_has_a_name() -> None:
    """As where carbonrun waits for what it has adopted."""
    place = Place()
    place.machine.start(150, SHELL, name="daemon")
    place.machine.work(150, 2)
    place.table._last_sight(150)
    place.table._part(150)
    place.machine.end(150, waited=True)
    place.look()
    place.look()
    assert paths(place.naming.tree)["daemon"] == (2.0, 1)
