"""One comparison, from the first hook to the last: warm-up, rounds, and what was seen meanwhile.

Runs, machine, chance and progress are given, so that all of it can be tried without waiting.
"""

from __future__ import annotations

import math

from carbonrun import __version__
from carbonrun.compare.extract import exit_code_of, figures_of, modelled_part
from carbonrun.compare.model import FAILED, MODELLED_PART, UNSETTLED, Sample, Session
from carbonrun.compare.remarks import with_remarks
from carbonrun.compare.runner import failure
from carbonrun.compare.series import Collected, collect, half_width, is_precise
from carbonrun.notes import Notes
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol

    from carbonrun.compare.commands import Command
    from carbonrun.compare.machine_watch import MachineWatch
    from carbonrun.compare.runner import Runner
    from carbonrun.compare.series import Chance, Plan
    from carbonrun.compare.settling import Settler

    class Shown(Protocol):
        """Where it is shown how far the comparison is."""

        def show(self, what: str, done: int, total: int) -> None:
            """Tell of so many runs of so many."""


# A run that is shorter is repeated: the ends of a run are off by the steps of the machine's busy
# time (10 ms), of a model only by those of the process clock.
LEAST_SECONDS, LEAST_MODELLED_SECONDS = 1.0, 0.1
MOST_REPEATS = 1000
_FAR_LONGER = 10.0
IDLE_CHANGE = 0.2


def repeats_of(seconds: Sequence[float], least_seconds: float) -> list[int]:
    """Return how often to execute each command in one run.

    The same for all, so that the loop around them makes no difference; only where one takes more
    than ten times as long as another, each has what it needs.

    Args:
        seconds: of one execution of each command.
        least_seconds: of a run.
    """
    shortest, longest = min(seconds), max(seconds)
    if longest > _FAR_LONGER * shortest:
        return [_repeats(each, least_seconds) for each in seconds]
    return [_repeats(shortest, least_seconds)] * len(seconds)


def _repeats(seconds: float, least_seconds: float) -> int:
    if seconds >= least_seconds / 2:
        return 1
    return min(MOST_REPEATS, math.ceil(least_seconds / max(seconds, 1e-6)))


class Hooks(Record):
    """Commands around the runs; of each list, one for all or one for each command.

    Attributes:
        setup, cleanup: before the first and after the last run of a command.
        prepare, conclude: before and after each run.
    """

    setup: tuple[str, ...] = ()
    prepare: tuple[str, ...] = ()
    conclude: tuple[str, ...] = ()
    cleanup: tuple[str, ...] = ()


class Request(Record):
    """What to do.

    Attributes:
        warm_up: runs of each command that do not count.
        repeats: executions in a run; None for as many as the sensor needs.
        goes_on: even if a command fails.
        shell: runs the hooks.
        seed: of the order.
        started_at: ISO 8601.
    """

    plan: Plan
    warm_up: int
    repeats: int | None
    goes_on: bool
    hooks: Hooks
    shell: str
    seed: int
    started_at: str


class Comparer:
    """Runs a comparison."""

    def __init__(  # noqa: PLR0913 - all that touches the machine is given
        self,
        request: Request,
        commands: Sequence[Command],
        *,
        runner: Runner,
        watch: MachineWatch,
        settler: Settler,
        shown: Shown,
        now_seconds: Callable[[], float],
    ) -> None:
        """Prepare; nothing is run before :meth:`run`."""
        self._request = request
        self._commands = list(commands)
        self._runner = runner
        self._watch = watch
        self._settler = settler
        self._shown = shown
        self._now_seconds = now_seconds
        self._started_seconds = 0.0
        self._done = 0
        self._found = Collected(samples=[], set_aside=[])
        self._host: dict[str, Any] = {}
        self._zone: str | None = None
        self._notes = Notes()

    def run(self, chance: Chance) -> Session:
        """Return the whole session.

        Raises:
            CarbonrunError: a command or a hook has failed.
        """
        self._watch.note_hindrances(self._notes)
        self._settler.begin()
        try:
            self._hooks("setup", self._request.hooks.setup)
            self._warm_up()
            self._started_seconds = self._now_seconds()
            collect(self._request.plan, self._measure, chance, self._found)
        finally:
            self._hooks("cleanup", self._request.hooks.cleanup)
        self._note_idle()
        self._note_precision(self._found.samples)
        return with_remarks(self._session())

    def so_far(self) -> Session | None:
        """Return the session of a comparison that has ended early; None without a whole round.

        A round that was begun is left out: its commands would not have met the same conditions.
        """
        rounds = len(self._found.samples) // len(self._commands)
        if not rounds:
            return None
        longest = self._request.plan.longest
        message = f"this comparison has ended early, after {rounds} of {longest} rounds"
        self._notes.warn("compare-ended-early", message)
        return with_remarks(self._session())

    def _note_idle(self) -> None:
        change = self._settler.change()
        if change is not None and abs(change) > IDLE_CHANGE:
            message = f"the idle power of the machine changed by {100 * change:+.0f} % meanwhile"
            self._notes.warn("compare-idle", message, "something else is running, or has ended")

    def _note_precision(self, samples: list[Sample]) -> None:
        plan = self._request.plan
        if plan.runs is not None or is_precise(samples, plan):
            return
        width = half_width(samples, plan.subjects)
        if width is not None:
            message = (
                f"the interval is {100 * math.expm1(width):.2g} % either way after {plan.longest} "
                f"runs, wider than the {100 * plan.precision:g} % asked for"
            )
            self._notes.info("compare-imprecise", message, "more runs with --max-runs")

    def _hooks(self, what: str, texts: tuple[str, ...]) -> None:
        for number in range(len(texts) and len(self._commands)):
            self._hook(what, texts, number)

    def _hook(self, what: str, texts: tuple[str, ...], number: int) -> None:
        if texts:
            text = texts[number if len(texts) > 1 else 0]
            self._runner.hook(text, self._request.shell, f"--{what}")

    def _warm_up(self) -> None:
        request = self._request
        seconds, is_modelled = [], False
        for number in range(len(self._commands)):
            reports = [self._report(number) for _ in range(request.warm_up)]
            durations = [float(report["run"]["duration_seconds"]) for report in reports]
            seconds.append(min(durations, default=math.inf))
            is_modelled |= any(modelled_part(report) > MODELLED_PART for report in reports)
        repeats = repeats_of(seconds, LEAST_MODELLED_SECONDS if is_modelled else LEAST_SECONDS)
        if request.repeats is not None:
            repeats = [request.repeats] * len(repeats)
        elif request.hooks.prepare or request.hooks.conclude:
            self._note_short(repeats)
            repeats = [1] * len(repeats)
        self._commands = [
            command.with_repeats(count)
            for command, count in zip(self._commands, repeats, strict=True)
        ]

    def _note_short(self, repeats: list[int]) -> None:
        for command, count in zip(self._commands, repeats, strict=True):
            if count > 1:
                message = f"{command.subject.name} is too short to be measured exactly"
                hint = "it is not repeated because of --prepare or --conclude; --repeats N does it"
                self._notes.warn("compare-short", message, hint, command.subject.name)

    def _report(self, number: int) -> dict[str, Any]:
        """Run a command once, with what belongs before and after; return the report."""
        request, command = self._request, self._commands[number]
        name = command.subject.name
        total = (request.warm_up + request.plan.limit) * len(self._commands)
        self._shown.show(name, self._done, total)
        self._done += 1
        self._hook("prepare", request.hooks.prepare, number)
        self._watch.begin()
        report = self._runner.run(command.run_words(goes_on=request.goes_on), name)
        marks = self._watch.end(report)
        self._host, self._zone = report["run"]["host"], (report["intensity"] or {}).get("grid_zone")
        code = exit_code_of(report)
        if code and not request.goes_on:
            raise failure(name, code, report["told"])
        self._hook("conclude", request.hooks.conclude, number)
        return {**report, "marks": (*marks, *((FAILED,) if code else ()))}

    def _measure(self, number: int, round_number: int, position: int) -> Sample:
        unsettled = () if self._settler.settle() else (UNSETTLED,)
        started_seconds = self._now_seconds() - self._started_seconds
        report = self._report(number)
        subject = self._commands[number].subject
        return Sample(
            subject=number,
            round=round_number,
            position=position,
            started_seconds=started_seconds,
            figures=figures_of(report, subject.repeats, subject.work),
            modelled=modelled_part(report),
            exit_code=exit_code_of(report),
            marks=(*unsettled, *report["marks"]),
        )

    def _session(self) -> Session:
        request = self._request
        return Session(
            version=__version__,
            started_at=request.started_at,
            seed=request.seed,
            warm_up=request.warm_up,
            host=self._host.get("name", ""),
            cpu_model=self._host.get("cpu_model"),
            logical_cpus=self._host.get("logical_cpus", 0),
            grid_zone=self._zone,
            subjects=tuple(command.subject for command in self._commands),
            samples=tuple(self._found.samples),
            notes=self._notes.all(),
            set_aside=tuple(self._found.set_aside),
        )
