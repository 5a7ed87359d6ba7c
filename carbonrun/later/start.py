"""Between the command line and the run: choose the start, and wait for it or hand it over.

Nothing was started yet, so everything here may refuse (125) or leave.
"""

from __future__ import annotations

import os
import sys
import time

from carbonrun.delivery import write_standard_error
from carbonrun.errors import CarbonrunError, OutputError, UsageError
from carbonrun.exit_status import ExitStatus
from carbonrun.later import text
from carbonrun.later.countdown import START_NOW, wait_for
from carbonrun.later.following import follow
from carbonrun.later.forecast import LONGEST_SECONDS, Forecast, look_ahead
from carbonrun.later.history import earlier_seconds
from carbonrun.later.limits import check_needed, limits_of
from carbonrun.later.local_time import shown
from carbonrun.later.plan import NO_FORECAST, choose, is_to_be_followed, likely_seconds
from carbonrun.later.plan_json import plan_json
from carbonrun.notes import INFO, Note, Notes
from carbonrun.refusals import check
from carbonrun.report.json import write_json_text
from carbonrun.report.masking import Masking
from carbonrun.rig import RUN_ID_VARIABLE, BeforeStart, environment_of_ours
from carbonrun.spawn import check_exists
from carbonrun.units import duration_text

if sys.platform == "linux":
    from carbonrun.child import leave
    from carbonrun.kernel import disable_core_dump
else:
    from carbonrun.elsewhere import disable_core_dump, leave

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.intensity.window import Window
    from carbonrun.later.limits import Limits
    from carbonrun.later.plan import Plan
    from carbonrun.settings import Settings
    from carbonrun.spawn import Environment

_QUIET, _LINE = "none", "line"
# A start that is later than planned by more: the machine was asleep.
_LATE_SECONDS = 60.0


def wait_for_start(settings: Settings, command: tuple[str, ...]) -> BeforeStart | None:
    """Return when it is time to start, with what the report has to know; None for nothing.

    Does not return for a dry run, after a hand-over, and when a signal ends the waiting.

    Raises:
        CarbonrunError: it is refused.
    """
    now = time.time()
    environment = environment_of_ours()
    is_nested = environment.get(RUN_ID_VARIABLE) is not None
    limits = limits_of(settings, now, is_nested=is_nested)
    if limits is None:
        check_needed(settings)
        if settings.dry_run:
            _say("starts at once: no option of a later start counts here")
            sys.exit(0)
        return None
    check(settings)
    check_exists(command[0], environment)
    masked = Masking(settings.mask, Notes()).mask(command)
    wanted = _wanted(settings, masked, limits, now)
    plan, forecast = _planned(settings, environment, limits, wanted)
    _announce(settings, plan, wanted, forecast)
    if settings.dry_run:
        _write_plan(settings, plan_json(masked, plan, wanted, forecast))
    if settings.hand_over is not None:
        from carbonrun.later.hand_over import hand_over

        at = None if plan.reason is not None else plan.start_unix_seconds
        hand_over(settings.hand_over, command, at, dry_run=settings.dry_run)
        sys.exit(0)
    if settings.dry_run:
        sys.exit(0)
    if plan.reason is not None:
        return BeforeStart(notes=(_at_once(plan, wanted, forecast),))
    return _wait(
        settings, plan, wanted, lambda old: _again(settings, environment, limits, wanted, old)
    )


def _planned(
    settings: Settings, environment: Environment, limits: Limits, wanted: text.Wanted
) -> tuple[Plan, Forecast]:
    """Return the plan and the forecast that it is made from.

    Raises:
        UsageError: nobody knows how long the command takes, or the service cannot be asked.
    """
    now, seconds = wanted.now_unix_seconds, wanted.seconds
    latest_end = limits.latest_end(LONGEST_SECONDS if seconds is None else seconds)
    forecast = look_ahead(settings, environment.decoded(), now, latest_end)
    if forecast.points and seconds is None and limits.is_typed:
        message = "how long the command takes is not known: it was never run to success before"
        raise UsageError(message, "say it with --duration 2h")
    plan = choose(forecast.points, now, latest_end, seconds, wanted.min_saving_percent)
    return plan, forecast


def _wanted(settings: Settings, masked: tuple[str, ...], limits: Limits, now: float) -> text.Wanted:
    """Return what the plan is made for."""
    seconds, source = settings.expected_seconds, "as given"
    if seconds is None:
        earlier = earlier_seconds(settings, masked)
        seconds = likely_seconds(earlier)
        source = f"which 4 of 5 of its {len(earlier)} last runs did not exceed"
    return text.Wanted(
        now_unix_seconds=now,
        seconds=seconds,
        duration_source=source,
        latest_start_unix_seconds=limits.latest_start_unix_seconds,
        deadline_unix_seconds=limits.deadline_unix_seconds,
        min_saving_percent=settings.min_saving_percent,
    )


def _announce(settings: Settings, plan: Plan, wanted: text.Wanted, forecast: Forecast) -> None:
    """Say what is planned, unless nobody wants to hear it."""
    if settings.summary == _QUIET and not settings.dry_run:
        return

    def clock(at: float) -> str:
        return shown(at, wanted.now_unix_seconds)

    head = text.headline(plan, wanted, forecast, clock)
    is_short = settings.summary == _LINE
    rows = [] if is_short else text.details(plan, wanted, forecast, clock)
    write_standard_error(text.laid_out(head, rows))


def _at_once(plan: Plan, wanted: text.Wanted, forecast: Forecast) -> Note:
    head = text.headline(plan, wanted, forecast, lambda at: shown(at, wanted.now_unix_seconds))
    hint = forecast.hint if plan.reason == NO_FORECAST else None
    return Note(code="start-at-once", level=INFO, message=head.replace("starts", "started", 1),
                hint=hint)  # fmt: skip


def _wait(
    settings: Settings, plan: Plan, wanted: text.Wanted, again: Callable[[Plan], Plan]
) -> BeforeStart:
    """Wait for the start, and tell what became of it; leave if a signal says so."""
    is_quiet = settings.summary == _QUIET

    def wait(until: float, start: float) -> int | None:
        return wait_for(until, start, os.environ, is_quiet=is_quiet)

    first = plan.window
    plan, number = follow(plan, time.time, wait, again)
    if number is not None and number not in START_NOW:
        if not is_quiet:
            _say("left before the start; the command was not started")
        leave(ExitStatus(code=None, signal=number), disable_core_dump)
    now = time.time()
    late = now - plan.start_unix_seconds
    if late > _LATE_SECONDS and not is_quiet:
        _say(f"starts {duration_text(late)} later than planned: the machine was asleep, or busy")
    note = waited_note(plan, first, wanted, now)
    return BeforeStart(notes=(note,), asked_unix_seconds=wanted.now_unix_seconds)


def _again(
    settings: Settings, environment: Environment, limits: Limits, wanted: text.Wanted, before: Plan
) -> Plan:
    """Return the plan that counts from now on; say so if another start is better now.

    What was waited for already is no reason to start early: any saving counts.
    """
    now = time.time()
    wanted = wanted.replace(now_unix_seconds=now, min_saving_percent=0.0)
    try:
        plan, _ = _planned(settings, environment, limits, wanted)
    except CarbonrunError:
        return before
    if not is_to_be_followed(plan):
        return before
    moved = abs(plan.start_unix_seconds - before.start_unix_seconds)
    if moved > _LATE_SECONDS and settings.summary != _QUIET:
        _say(f"the forecast has changed: starts at {shown(plan.start_unix_seconds, now)} now")
    return plan


def waited_note(plan: Plan, first: Window | None, wanted: text.Wanted, now: float) -> Note:
    """Return what became of a start that waited; of hours that it missed nothing is told.

    Args:
        plan: the last one.
        first: the window of the first plan, which was compared with a start at once.
        wanted: what the first plan was made for.
        now: when it starts.
    """
    waited = duration_text(now - wanted.now_unix_seconds)
    message = f"the start waited {waited} for lower-intensity hours"
    window, late = plan.window, now - plan.start_unix_seconds
    if late < -_LATE_SECONDS:
        message += ", and was told not to wait for them any longer"
    elif late > _LATE_SECONDS:
        message += f", and came {duration_text(late)} later than planned"
    elif window is not None and first is not None:
        when = text.compared_with(first, wanted, lambda at: shown(at, now)) or "at once"
        figures = f"{window.g_per_kwh:.0f} g/kWh instead of {first.first_g_per_kwh:.0f} {when}"
        message += f": {figures} were forecast"
    return Note(code="start-delayed", level=INFO, message=message)


def _write_plan(settings: Settings, text: str) -> None:
    """Write the plan to where the report would have gone.

    Raises:
        OutputError: it could not be written.
    """
    if settings.json_path is None:
        return
    try:
        write_json_text(settings.json_path, text)
    except OSError as error:
        raise OutputError(f"{settings.json_path}: {error.strerror or error}") from None


def _say(sentence: str) -> None:
    write_standard_error(f"carbonrun: {sentence}\n")
