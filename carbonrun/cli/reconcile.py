"""``carbonrun intensity reconcile``: replaces forecasts and means of a year by what came true."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from carbonrun.asking import open_cached
from carbonrun.cli.intensity_text import aligned
from carbonrun.cli.output import emit
from carbonrun.durations import parse_duration
from carbonrun.errors import UsageError
from carbonrun.grid import Place
from carbonrun.intensity.model import IntensityUnavailable
from carbonrun.intensity.services import BUNDLED
from carbonrun.settings import resolve
from carbonrun.store.reconciliation import reconcile_runs
from carbonrun.units import mass_text, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carbonrun.cli.context import Context
    from carbonrun.report.model import Report
    from carbonrun.store.reconciliation import Outcome


def reconcile(
    ctx: typer.Context,
    *,
    since: Annotated[str, typer.Option(help="How far back: 12h, 30d.")] = "30d",
    other_basis: Annotated[
        bool,
        typer.Option(
            "--other-basis", help="Replace lifecycle figures by direct ones and back, too."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Show the result as JSON.")] = False,
) -> int:
    """Ask for the actual intensity of earlier runs, and put it into journal and CSV.

    Run options stand before the word 'intensity': carbonrun --provider neso intensity reconcile
    """
    context: Context = ctx.obj
    settings = resolve(context.flags, context.environment, cwd=context.cwd, home=context.home)
    if settings.provider == BUNDLED:
        message = "intensity reconcile: the annual means of the package never become actual"
        raise UsageError(message, "choose a service with --provider")
    if settings.state_dir is None:
        hint = "set HOME, XDG_STATE_HOME or --state-dir"
        raise UsageError("intensity reconcile: there is no directory of runs", hint)
    try:
        seconds = parse_duration(since)
        place = Place(settings=settings, environment=context.environment)
        provider = open_cached(place, time.time)
    except ValueError as error:
        raise UsageError(f"--since {since!r}: {error}") from None
    except IntensityUnavailable as error:
        raise UsageError(f"intensity reconcile: {error.reason}", error.hint) from None
    since_unix_seconds = time.time() - seconds
    how = {"other_basis": other_basis, "is_dry": dry_run}
    outcomes = reconcile_runs(
        settings.state_dir, provider.series, since_unix_seconds=since_unix_seconds, **how
    )
    emit(_json(outcomes) if as_json else _text(outcomes, is_dry=dry_run))
    return 1 if any(outcome.csv_problem for outcome in outcomes) else 0


def _text(outcomes: Sequence[Outcome], *, is_dry: bool) -> str:
    if not outcomes:
        return "every run has the surest figures already\n"
    rows = [("run", "started", "intensity", "CO2e", "")]
    rows += [
        (
            outcome.run_id,
            outcome.started_at[:16],
            _change(outcome, _g_per_kwh),
            _change(outcome, lambda report: mass_text(report.emissions.grams_co2e)),
            outcome.reason or "",
        )
        for outcome in outcomes
    ]
    changed = sum(outcome.after is not None for outcome in outcomes)
    what = "would be changed" if is_dry else "changed"
    return aligned(rows) + f"{changed} of {len(outcomes)} runs {what}\n"


def _change(outcome: Outcome, value: Callable[[Report], str]) -> str:
    before = value(outcome.before)
    return before if outcome.after is None else f"{before} -> {value(outcome.after)}"


def _g_per_kwh(report: Report) -> str:
    used = report.intensity
    return "-" if used is None else f"{scaled(used.g_per_kwh, 'g/kWh')} {used.kind}"


def _json(outcomes: Sequence[Outcome]) -> str:
    shown = [
        {
            "run_id": outcome.run_id,
            "started_at": outcome.started_at,
            "before": _figures(outcome.before),
            "after": None if outcome.after is None else _figures(outcome.after),
            "reason": outcome.reason,
        }
        for outcome in outcomes
    ]
    return json.dumps(shown, indent=2) + "\n"


def _figures(report: Report) -> dict[str, object]:
    used = report.intensity
    return {
        "g_per_kwh": None if used is None else used.g_per_kwh,
        "kind": None if used is None else used.kind,
        "provider": None if used is None else used.provider,
        **report.emissions.as_dict(),
    }
