"""Everything that happens to the figures once the command runs: fold, journal, report, outputs.

Nothing here can touch the command: every call comes through the guard of :mod:`carbonrun.run`.
"""

from __future__ import annotations

import os
import time

from carbonrun import __version__, clock
from carbonrun.equipment import Equipment
from carbonrun.grid import ETC, Grid, Place
from carbonrun.identity import machine_id
from carbonrun.measurement.machine import BUSY_RESOLUTION_SECONDS
from carbonrun.measurement.model import CPU
from carbonrun.measurement.tree.procstat import own_use
from carbonrun.record import Record
from carbonrun.report.build import Evidence, build_report
from carbonrun.report.host import describe_host
from carbonrun.report.masking import Masking
from carbonrun.report.model import Run
from carbonrun.report.tree import describe_tree, note_gaps, with_calls
from carbonrun.store.folders import absolute
from carbonrun.store.journal import Journal
from carbonrun.timestamps import iso_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.accounts import Accounts
    from carbonrun.budgeting import BudgetKeeper
    from carbonrun.clock import Instant
    from carbonrun.exit_status import ExitStatus
    from carbonrun.intensity.feed import IntensityFound
    from carbonrun.measurement.ledger import DeviceLedger
    from carbonrun.measurement.sampler import Moment, Sample
    from carbonrun.phasing import PhaseKeeper
    from carbonrun.report.model import Report, Tree
    from carbonrun.rig import Rig

# One of these is set in every build service that is known (a test holds it equal to
# ``ci.services``, which is imported only then).
BUILD_MARKS = ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "TF_BUILD", "JENKINS_URL")
# A checkpoint costs a report and a line of a few kB: every second at first, then ever more rarely,
# so that the journal of a day stays below 1 MB and a killed run loses at most 10 % of its length.
CHECKPOINT_SECONDS = 1.0
CHECKPOINT_GROWTH = 0.1


class SoFar(Record):
    """What is known at a tick; ``report`` is that of the last checkpoint."""

    report: Report | None
    sample: Sample | None
    ledgers: tuple[DeviceLedger, ...]
    logical_cpus: int


class Recorder:
    """Folds samples into ledgers, keeps the journal, and makes the report."""

    def __init__(self, rig: Rig, started: Instant) -> None:
        """Set up what the fast path left out: models, floors, intensity, journal."""
        self._rig = rig
        self._started = started
        self._settings = rig.settings
        self._notes = rig.notes
        self._machine_id = machine_id(ETC)
        self._equipment = Equipment(rig, started, self._machine_id)
        self._phases: PhaseKeeper | None = None
        self._last: Moment | None = None
        facts = self._equipment.facts
        self._host = describe_host(facts, self._machine_id, self._settings.procfs)
        self._masking = Masking(self._settings.mask, self._notes, is_limited=rig.overhead is None)
        self._command = self._masking.mask(rig.command)
        self._tags = self._labels()
        self._sample: Sample | None = None
        self._report: Report | None = None
        self._budget = self._open_budget()
        self._next_checkpoint_seconds = CHECKPOINT_SECONDS
        place = Place(settings=self._settings, environment=os.environ, cloud=facts.cloud)
        self._accounts = self._open_accounts(place)
        self._grid = Grid(
            place, started.unix_seconds, time.time, self._notes, rig.asked_unix_seconds
        )
        self._journal = self._open_journal()
        self._write_journal(
            "start",
            {
                "run": self._run(None, None),
                "csv_path": absolute(self._settings.csv_path),
                "mark_socket": rig.mark_socket and os.fsdecode(rig.mark_socket[0]),
            },
        )

    def add(self, moment: Moment) -> None:
        """Take a moment into the ledgers; write a checkpoint if it is time to."""
        until_seconds = moment.now.monotonic_seconds
        if (phases := self._open_phases()) is not None:
            for earlier in phases.readings_before(until_seconds, self._equipment.ledgers):
                self._fold(earlier)
        sample = self._fold(moment)
        if sample.at_seconds >= self._next_checkpoint_seconds:
            self._next_checkpoint_seconds = sample.at_seconds + max(
                CHECKPOINT_SECONDS, sample.at_seconds * CHECKPOINT_GROWTH
            )
            self._write_checkpoint()
        if self._budget is not None and self._report is not None:
            self._budget.check(self._report, self._equipment.ledgers)

    def _write_checkpoint(self) -> None:
        from carbonrun.report.running import shortened

        self._report = build_report(self._evidence_so_far(), is_checkpoint=True)
        self._write_journal("checkpoint", {"report": shortened(self._report)})

    def _fold(self, moment: Moment) -> Sample:
        self._sample = sample = self._rig.sampler.fold(moment)
        self._equipment.add(sample)
        self._last = moment
        if self._phases is not None:
            self._phases.add(moment)
            self._phases.meet(self._equipment.ledgers)
        return sample

    @property
    def exceeded(self) -> tuple[str, ...]:
        """Return which budgets the run has used up so far, as sentences."""
        return () if self._budget is None else self._budget.exceeded

    def ask_last(self) -> None:
        """Ask those who take their time for their last readings; :meth:`finish` takes them."""
        self._equipment.ask_last()

    def report_so_far(self) -> Report:
        """Return the report as if the run ended with the last reading."""
        return build_report(self._evidence_so_far())

    def forget(self) -> None:
        """Let go of the journal in a process that was forked."""
        if self._journal is not None:
            self._journal.forget()

    def so_far(self) -> SoFar:
        """Return what is known now, to show it."""
        return SoFar(
            report=self._report,
            sample=self._sample,
            ledgers=tuple(self._equipment.ledgers),
            logical_cpus=max(1, self._host.logical_cpus),
        )

    def finish(self, ended: Instant, status: ExitStatus | None) -> Report:
        """Return the final report; ``status`` is None where the end is not told to us."""
        found = self._grid.finish(ended.unix_seconds)
        note_gaps(self._rig.tree, self._notes)
        seconds = ended.monotonic_seconds - self._started.monotonic_seconds
        self._equipment.finish(seconds, iso_time(ended.unix_seconds)[:10])
        if (phases := self._open_phases()) is not None:
            phases.finish(ended.monotonic_seconds, self._notes)
        evidence = self._evidence(self._run(ended, status), found)
        if self._rig.tree.naming is not None:
            tree = self._notes.guard("programs", lambda: self._with_calls(evidence.tree))
            evidence = evidence.replace(tree=tree or evidence.tree, notes=self._notes.all())
        report = built = build_report(evidence)
        if (accounts := self._accounts) is not None:
            added = self._notes.guard("accounts", lambda: accounts.with_accounts(built))
            report = (added or report).replace(notes=self._notes.all())
        return report if self._budget is None else self._budget.finish(report)

    def _with_calls(self, tree: Tree) -> Tree:
        return with_calls(tree, self._rig.tree, self._masking.mask)

    def close(self, report: Report) -> Report:
        """Write the end of the journal and file it away; return the report with what went wrong."""
        if self._journal is None:
            return report
        before = len(self._notes.all())
        self._write_journal("end", {"report": report})
        # Without its end line too: this run is not lost, and must not be taken for a lost one.
        self._notes.guard("journal", lambda: self._close_journal(report.run.started_at))
        return report.replace(notes=(*report.notes, *self._notes.all()[before:]))

    def _labels(self) -> dict[str, str]:
        """Return the tags of the run, and before them what a build service tells."""
        tags = self._settings.tags
        if self._settings.ci == "none" or not any(mark in os.environ for mark in BUILD_MARKS):
            return tags
        from carbonrun.ci.services import ci_labels

        return {**ci_labels(os.environ), **tags}

    def _open_phases(self) -> PhaseKeeper | None:
        """Return what keeps the phases, None if nothing was marked so far."""
        marking = self._rig.marking
        if self._phases is None and marking is not None and marking.has_marks:
            from carbonrun.phasing import PhaseKeeper

            started_seconds = self._started.monotonic_seconds
            self._phases = PhaseKeeper(marking, started_seconds, self._last)
        return self._phases

    def _open_accounts(self, place: Place) -> Accounts | None:
        """Return what adds more than grams, None if nobody has asked for it."""
        if not self._settings.wants_accounts:
            return None
        from carbonrun.accounts import Accounts

        facts, region = self._equipment.facts, place.cloud_region
        return self._notes.guard(
            "accounts", lambda: Accounts(self._settings, facts, region, self._notes)
        )

    def _open_budget(self) -> BudgetKeeper | None:
        """Return what watches the budget, None if the run may use as much as it likes."""
        joules, grams = self._settings.max_energy_joules, self._settings.max_grams_co2e
        if joules is None and grams is None:
            return None
        from carbonrun.budgeting import BudgetKeeper

        return BudgetKeeper(joules, grams, self._notes)

    def _close_journal(self, started_at: str) -> None:
        if self._journal is not None:
            self._journal.close(started_at)

    def _open_journal(self) -> Journal | None:
        state_dir = self._settings.state_dir
        if state_dir is None:
            hint = "set HOME, XDG_STATE_HOME or --state-dir"
            self._notes.warn("no-state-dir", "there is no directory to keep records in", hint)
            return None
        try:
            return Journal(state_dir, self._rig.run_id, self._machine_id)
        except OSError as error:
            message = f"no journal: {state_dir} is not writable ({error.strerror})"
            self._notes.warn("no-journal", message, "choose another place with --state-dir")
            return None

    def _write_journal(self, kind: str, content: dict[str, object]) -> None:
        if self._journal is None:
            return
        try:
            self._journal.write(kind, content)
        except OSError as error:
            message = f"the journal could not be written ({error.strerror or error})"
            self._notes.warn("journal-incomplete", message, "free some disk space")

    def _run(self, ended: Instant | None, status: ExitStatus | None) -> Run:
        """Return the run block; with ``None`` for what is not known yet."""
        settings = self._settings
        until = ended or clock.now()
        return Run(
            id=self._rig.run_id,
            name=settings.name,
            project=settings.project,
            tags=self._tags,
            command=self._command,
            started_at=iso_time(self._started.unix_seconds),
            ended_at=None if ended is None else iso_time(ended.unix_seconds),
            duration_seconds=until.monotonic_seconds - self._started.monotonic_seconds,
            exit_code=None if status is None else status.code,
            signal=None if status is None else status.signal,
            scope=settings.scope,
            parent_id=self._rig.parent_id,
            group=None,
            host=self._host.replace(gpus=self._equipment.gpus()),
            version=__version__,
        )

    def _evidence_so_far(self) -> Evidence:
        return self._evidence(self._run(None, None), self._grid.so_far(time.time()))

    def _evidence(self, run: Run, found: IntensityFound) -> Evidence:
        pue = None if self._accounts is None else self._accounts.pue
        phases = self._phases
        own_seconds, own_bytes = (self._rig.overhead or own_use)()
        return Evidence(
            run=run,
            tree=describe_tree(self._rig.tree, self._sample),
            ledgers=tuple(self._equipment.ledgers),
            implausible=self._equipment.implausible(),
            unmeasured=self._equipment.unmeasured(),
            activity_resolution={
                CPU: BUSY_RESOLUTION_SECONDS,
                **self._equipment.activity_resolution(),
            },
            intensity=found,
            start_unix_seconds=self._started.unix_seconds,
            pue=self._settings.pue if pue is None else pue.value,
            pue_bounds=None if pue is None else (pue.low, pue.high),
            overhead_cpu_seconds=own_seconds + self._rig.tree.helpers_cpu_seconds,
            overhead_peak_memory_bytes=own_bytes,
            notes=self._notes.all(),
            missed_cpu_seconds=self._rig.tree.missed_cpu_seconds,
            phases=None if phases is None else phases.evidence(run.duration_seconds),
        )
