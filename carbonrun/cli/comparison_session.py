"""One comparison on this machine: real runs, real clock, and where the result goes."""

from __future__ import annotations

import random
import sys
import time

from carbonrun import clock
from carbonrun.ci.deliver import wants_step_summary
from carbonrun.cli.comparison_progress import progress
from carbonrun.cli.comparison_result import check_files, load_baseline, present
from carbonrun.cli.interruption import Interrupted, interruptible
from carbonrun.cli.output import columns
from carbonrun.cli.run_options import words_of
from carbonrun.compare.commands import NO_SHELL
from carbonrun.compare.machine_watch import MachineWatch
from carbonrun.compare.runner import INHERIT, NULL, PIPE, Runner, Streams
from carbonrun.compare.series import Plan, least_pairs
from carbonrun.compare.session import Comparer, Request
from carbonrun.compare.settling import settler
from carbonrun.errors import CarbonrunError
from carbonrun.record import Record
from carbonrun.refusals import check
from carbonrun.report.writable import check_writable
from carbonrun.settings import resolve
from carbonrun.timestamps import iso_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.cli.context import Context
    from carbonrun.compare.commands import Command
    from carbonrun.compare.model import Session
    from carbonrun.compare.session import Hooks
    from carbonrun.settings import Settings

    Outcome = tuple[Session | None, Interrupted | CarbonrunError | None]

SAVE = "--save"
_SEEDS = 1_000_000


# What is for single runs: it would be written again by each of them, or slow them down.
_OFF = (
    "--ci=none", "--metrics=none", "--junit=none", "--flame=none", "--top=0", "--on-exceed=warn",
    "--no-delay",
)  # fmt: skip


class Wishes(Record):
    """What the user wants, checked.

    Attributes:
        flags: run options of each run.
        precision, band, allowed: parts; 0.05 is 5 %.
        files: option, format and path of each file that is written.
    """

    flags: dict[str, tuple[str, ...]]
    commands: tuple[Command, ...]
    warm_up: int
    runs: int | None
    most_runs: int
    precision: float
    reruns: bool
    repeats: int | None
    seed: int | None
    shell: str
    goes_on: bool
    hooks: Hooks
    settle_seconds: float
    output: str
    input_path: str | None
    band: float
    baseline: str | None
    allowed: float | None
    files: tuple[tuple[str, str, str], ...]

    def as_ended_early(self) -> Wishes:
        """Return what is still wanted of a part: no verdict for a build, and no new baseline."""
        return self.replace(allowed=None, files=tuple(f for f in self.files if f[0] != SAVE))


def run_comparison(context: Context, wishes: Wishes) -> int:
    """Run, show and write the comparison; return the exit status.

    Raises:
        CarbonrunError: it was refused, or a command has failed.
    """
    settings = resolve(wishes.flags, context.environment, cwd=context.cwd, home=context.home)
    commands = tuple(command.masked(settings.mask) for command in wishes.commands)
    wishes = wishes.replace(commands=commands)
    check(settings.replace(csv_explicit=False, json_path=None))
    check_files(wishes.files)
    if wishes.output not in {NULL, PIPE, INHERIT}:
        check_writable(wishes.output, "--output")
    baseline = None if wishes.baseline is None else load_baseline(wishes.baseline)
    try:
        with interruptible():
            session, ended_by = _measure(settings, wishes)
    except Interrupted as interruption:
        session, ended_by = None, interruption
    status = 0
    if session is not None:
        asked = wishes if ended_by is None else wishes.as_ended_early()
        step_summary = wants_step_summary(settings, context.environment)
        status = present(session, baseline, asked, columns(context.environment), step_summary)
    if isinstance(ended_by, Interrupted):
        ended_by.die()
    if ended_by is not None:
        raise ended_by
    return status


def _measure(settings: Settings, wishes: Wishes) -> Outcome:
    seed = random.SystemRandom().randrange(_SEEDS) if wishes.seed is None else wishes.seed
    most = max(wishes.most_runs, 1)
    plan = Plan(
        subjects=len(wishes.commands),
        runs=wishes.runs,
        least=min(max(Plan.least, least_pairs(len(wishes.commands))), most),
        most=most,
        precision=wishes.precision,
        reruns=wishes.reruns,
    )
    request = Request(
        plan=plan,
        warm_up=wishes.warm_up,
        repeats=wishes.repeats,
        goes_on=wishes.goes_on,
        hooks=wishes.hooks,
        shell="/bin/sh" if wishes.shell == NO_SHELL else wishes.shell,
        seed=seed,
        started_at=iso_time(clock.now().unix_seconds),
    )
    times = (time.sleep, time.monotonic)
    streams = Streams(output=wishes.output, input_path=wishes.input_path)
    with (
        Runner(_own_start(), [*words_of(wishes.flags), *_OFF], streams) as runner,
        progress(is_wanted=wishes.output != INHERIT) as shown,
    ):
        comparer = Comparer(
            request,
            wishes.commands,
            runner=runner,
            watch=MachineWatch(settings.procfs, settings.sysfs, time.monotonic),
            settler=settler(settings.sysfs, settings.procfs, wishes.settle_seconds, times),
            shown=shown,
            now_seconds=time.monotonic,
        )
        try:
            return comparer.run(random.Random(seed)), None  # noqa: S311 - an order, not a secret
        except (Interrupted, CarbonrunError) as error:
            return comparer.so_far(), error


def _own_start() -> list[str]:
    """Return the words that have started this carbonrun, without its arguments."""
    before = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv[1:])]
    return [sys.executable, *before[1:]]
