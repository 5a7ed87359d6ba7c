"""The budget of a run, compared with what it has used, as it goes on and in the end."""

from __future__ import annotations

from carbonrun.report.budget import EXCEEDED, UNKNOWN_USE, Budget
from carbonrun.report.running import billed_ledgers, grams_so_far, total_so_far

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.measurement.ledger import DeviceLedger
    from carbonrun.notes import Notes
    from carbonrun.report.model import Report


class BudgetKeeper:
    """What a run may use.

    Attributes:
        exceeded: which limits it has passed so far, as sentences.
    """

    def __init__(self, joules: float | None, grams_co2e: float | None, notes: Notes) -> None:
        """Keep the limits; None is as much as it likes."""
        self._budget = Budget(joules=joules, grams_co2e=grams_co2e)
        self._notes = notes
        self.exceeded: tuple[str, ...] = ()

    def check(self, report: Report, ledgers: Sequence[DeviceLedger]) -> None:
        """Compare what is attributed by now; ``report`` is that of the last checkpoint."""
        joules = total_so_far(report, billed_ledgers(report, ledgers))
        if joules is not None:
            self.exceeded = self._budget.exceeded(joules, grams_so_far(report, joules))

    def finish(self, report: Report) -> Report:
        """Compare the final figures; return the report with a note of the result."""
        joules, grams = report.energy.joules, report.emissions.grams_co2e
        # A little may be taken back at the end; what the command was stopped for stands.
        self.exceeded = self._budget.exceeded(joules, grams) or self.exceeded
        before = len(self._notes.all())
        for sentence in self.exceeded:
            self._notes.warn(EXCEEDED, f"over budget: {sentence}", about=sentence)
        if self._budget.is_unknown(joules, grams):
            message = "the budget could not be checked: the figure is not known"
            self._notes.warn(UNKNOWN_USE, message)
        return report.replace(notes=(*report.notes, *self._notes.all()[before:]))
