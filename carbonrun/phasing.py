"""The phases of a run: marks and readings in their order, and what is told of them in the end."""

from __future__ import annotations

from carbonrun.measurement.phases import PhaseBook
from carbonrun.measurement.sections import Sections
from carbonrun.report.phases import PhaseEvidence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from carbonrun.mark_socket import MarkInbox
    from carbonrun.marking import Marked, Marking
    from carbonrun.measurement.ledger import DeviceLedger
    from carbonrun.measurement.phases import Path
    from carbonrun.measurement.sampler import Moment
    from carbonrun.notes import Notes


# That a ledger which comes late is told of.
MOST_CHANGES = 1000


class PhaseKeeper:
    """Tells the ledgers which phases are open, and keeps the CPU time of each itself.

    Made at the first mark: most runs have none.
    """

    def __init__(
        self, marking: Marking | MarkInbox, started_seconds: float, last: Moment | None
    ) -> None:
        """Keep the phases from the marks of a run that has started then.

        Args:
            marking: where the marks come from.
            started_seconds: of the run, on the monotonic clock.
            last: the moment before, None if there was none.
        """
        self._marking = marking
        self._started_seconds = started_seconds
        self._book = PhaseBook()
        self._cpu = Sections(1)
        self._last: tuple[float, float] = (0.0, 0.0)
        self._history: list[tuple[float, tuple[Path, ...]]] = []
        self._met: set[str] = set()
        if last is not None:
            self.add(last)

    def readings_before(
        self, until_seconds: float, ledgers: Iterable[DeviceLedger]
    ) -> Iterator[Moment]:
        """Take the marks before a moment of the monotonic clock; yield the readings at them.

        Each is to be folded before the next is asked for.
        """
        self.meet(ledgers)
        for marked in self._marking.take(until_seconds):
            self._turn(marked, ledgers)
            if marked.moment is not None:
                yield marked.moment

    def meet(self, ledgers: Iterable[DeviceLedger]) -> None:
        """Tell ledgers that are new, as of a GPU that was found late, what they have missed."""
        for ledger in ledgers:
            if ledger.device.id in self._met:
                continue
            self._met.add(ledger.device.id)
            if self._history:
                for at_seconds, open_paths in self._history:
                    ledger.sections.change(at_seconds, open_paths)
                for part in ledger.timeline:
                    known = (part.machine_joules, part.active_joules, part.idle_joules)
                    amounts = (*known, part.joules, part.joules, 0.0, 0.0)
                    ledger.sections.add(part.start_seconds, part.end_seconds, amounts)

    def add(self, moment: Moment) -> None:
        """Take the tree's CPU time at a moment; moments come in their order."""
        at_seconds = moment.now.monotonic_seconds - self._started_seconds
        before_seconds, before_cpu_seconds = self._last
        self._last = (at_seconds, moment.tree_cpu_seconds)
        if not self._cpu.is_idle:
            grown = max(0.0, moment.tree_cpu_seconds - before_cpu_seconds)
            self._cpu.add(before_seconds, at_seconds, (grown,))

    def evidence(self, now_seconds: float) -> PhaseEvidence | None:
        """Return what is known at a time since the start, None if there is no phase."""
        rows = tuple(self._book.rows(now_seconds))
        if not rows:
            return None
        return PhaseEvidence(rows=rows, cpu=self._cpu, innermost_at=self._book.innermost_at)

    def finish(self, until_seconds: float, notes: Notes) -> None:
        """Take the rest of the marks; say what was wrong with them."""
        for marked in self._marking.take(until_seconds):
            self._turn(marked, ())
        if self._book.left_out:
            message = f"{self._book.left_out:,} phases are left out: there are too many names"
            notes.warn("phases-left-out", message, "give phases that are alike the same name")
        if self._book.unmatched:
            message = f"phases that ended but had not begun: {self._book.unmatched:,}"
            notes.info("phases-unmatched", message)

    def _turn(self, marked: Marked, ledgers: Iterable[DeviceLedger]) -> None:
        at_seconds = max(0.0, marked.at_seconds - self._started_seconds)
        for mark in marked.marks:
            self._book.apply(mark, at_seconds)
        open_paths = self._book.open_paths()
        self._history.append((at_seconds, open_paths))
        if len(self._history) > MOST_CHANGES:
            del self._history[::2]
        for sections in (self._cpu, *(ledger.sections for ledger in ledgers)):
            sections.change(at_seconds, open_paths)
