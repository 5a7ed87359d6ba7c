"""What is imported while the command runs, in which order, and only as long as it does run.

One by one: in between somebody looks whether the command has ended, or a signal waits to be passed
on. Everything that the end needs is imported early: the command may be what replaces this package
by another version.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.notes import Notes
    from carbonrun.rig import Rig

# What the recorder needs. Measured: 8 ms in all.
RECORDER_MODULES = (
    "carbonrun.measurement.meters.estimate",
    "carbonrun.intensity.feed",
    "carbonrun.grid",
    "carbonrun.report.build",
    "carbonrun.equipment",
    "carbonrun.recording",
)
# What the end needs.
REPORT_MODULES = (
    "carbonrun.ci.deliver",
    "carbonrun.delivery",
    "carbonrun.report.csv",
    "carbonrun.report.json",
    "carbonrun.report.line",
    "carbonrun.report.plain",
    "carbonrun.report.running",
    "carbonrun.report.facts",
    "carbonrun.report.summary",
    "carbonrun.store.recovery",
    "carbonrun.store.lost_run",
)
# What the live view needs; the largest parts of it come first, so that each takes its own time.
LIVE_MODULES = ("rich.text", "rich.console", "rich.live", "carbonrun.live")
STANDARD_ERROR = 2


def import_all(modules: tuple[str, ...], has_ended: Callable[[], bool], notes: Notes) -> bool:
    """Import modules one by one; False if the command has ended meanwhile."""
    for module in modules:
        if has_ended():
            return False
        _import_one(module, notes)
    return True


def _import_one(module: str, notes: Notes) -> None:
    notes.guard("import", lambda: __import__(module))


def output_modules(rig: Rig) -> tuple[str, ...]:
    """Return what else is imported, for what was asked for."""
    from carbonrun.delivery import modules_of_outputs

    modules = modules_of_outputs(rig.settings, rig.environment.decoded())
    return (*modules, *LIVE_MODULES) if may_be_live(rig) else modules


def may_be_live(rig: Rig) -> bool:
    """Tell whether to show a view; not in a run within a run, which may have one already."""
    return rig.settings.live and rig.parent_id is None and os.isatty(STANDARD_ERROR)
