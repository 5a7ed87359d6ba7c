"""``carbonrun calibrate``: measure this machine's idle power and load curve, and keep them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from carbonrun.cli.calibration_progress import say
from carbonrun.cli.calibration_session import Request, measure
from carbonrun.cli.calibration_text import calibration_text
from carbonrun.cli.output import emit
from carbonrun.errors import OutputError, UsageError
from carbonrun.identity import machine_id
from carbonrun.measurement.surroundings import facts_of
from carbonrun.notes import Notes
from carbonrun.settings import resolve
from carbonrun.store import calibration as store
from carbonrun.store.calibration_format import text
from carbonrun.store.folders import calibration_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.cli.context import Context

ETC = "/etc"
NOTHING_THERE = 1


def calibrate(  # noqa: PLR0913 - one parameter for each option
    ctx: typer.Context,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Measure for a short time.")] = False,
    idle_seconds: Annotated[
        float | None,
        typer.Option(min=0.5, max=3600, help="How long to measure the idle machine. [30]"),
    ] = None,
    step_seconds: Annotated[
        float | None,
        typer.Option(min=0.5, max=3600, help="How long to measure each step of load. [10]"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Go on if the machine is busy, or on battery.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Show the result as JSON.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Show what was measured before; measure nothing.")
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Remove what was measured before.")
    ] = False,
) -> int:
    """Measure what this machine draws when idle and under load; later runs use it.

    The machine should have nothing else to do. All CPUs are kept busy for a while.
    """
    if show and forget:
        raise UsageError("calibrate: give one of --show, --forget")
    if sys.platform == "win32":
        hint = "give the idle floor with --idle-watts, or let it be observed over several runs"
        raise UsageError("calibrate: this does not work on Windows", hint)
    context: Context = ctx.obj
    settings = resolve(context.flags, context.environment, cwd=context.cwd, home=context.home)
    if settings.state_dir is None:
        hint = "set HOME, XDG_STATE_HOME or --state-dir"
        raise UsageError("calibrate: there is no directory to keep it in", hint)
    request = Request(
        settings=settings,
        state_dir=settings.state_dir,
        machine_id=machine_id(ETC),
        host=facts_of(settings.procfs, settings.sysfs),
        idle_seconds=idle_seconds,
        step_seconds=step_seconds,
        is_quick=quick,
        is_forced=force,
    )
    if forget:
        return _forget(request)
    return _show(request, as_json=as_json) if show else _measure(request, as_json=as_json)


def _measure(request: Request, *, as_json: bool) -> int:
    try:
        store.check_place(request.state_dir, request.machine_id)
    except OSError as error:
        raise _not_writable(request.state_dir, error) from error
    calibration = measure(request)
    if calibration is None:
        return NOTHING_THERE
    try:
        path = store.save_calibration(request.state_dir, calibration)
    except OSError as error:
        raise _not_writable(request.state_dir, error) from error
    emit(text(calibration, store.SCHEMA) if as_json else calibration_text(calibration, path))
    return 0


def _show(request: Request, *, as_json: bool) -> int:
    notes = Notes()
    host = request.host
    machine = (request.machine_id, host.cpu_model, host.logical_cpus)
    calibration = store.load_calibration(request.state_dir, machine, notes)
    for note in notes.all():
        say(f"carbonrun: {note.message}\n")
    path = calibration_path(request.state_dir, request.machine_id)
    if calibration is None:
        say(f"carbonrun: no calibration of this machine in {path}\n  carbonrun calibrate\n")
        return NOTHING_THERE
    emit(text(calibration, store.SCHEMA) if as_json else calibration_text(calibration, path))
    return 0


def _forget(request: Request) -> int:
    path = calibration_path(request.state_dir, request.machine_id)
    try:
        was_there = store.forget_calibration(request.state_dir, request.machine_id)
    except OSError as error:
        message = f"calibrate: {path} cannot be removed: {error.strerror or error}"
        raise OutputError(message) from error
    emit(f"removed {path}\n" if was_there else f"there was no calibration in {path}\n")
    return 0


def _not_writable(state_dir: str, error: OSError) -> OutputError:
    message = f"calibrate: {state_dir} is not writable: {error.strerror or error}"
    return OutputError(message, "choose another place with --state-dir")
