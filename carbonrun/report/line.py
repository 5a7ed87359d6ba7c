"""The summary as one line of ``key=value``, named as the CSV's columns: greps well. Pure."""

from __future__ import annotations

from carbonrun.report.budget import EXCEEDED, UNKNOWN_USE
from carbonrun.report.columns import COLUMNS
from carbonrun.report.summary import command_text, ending
from carbonrun.report.text import printable, shell_quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report

SHOWN = (
    "energy_j", "energy_low_j", "energy_high_j", "co2e_g", "co2e_low_g", "co2e_high_g",
    "duration_s", "cpu_s", "cpu_method", "grid_zone", "intensity_g_per_kwh",
)  # fmt: skip
UNKNOWN = "unknown"
_BUDGETS = {EXCEEDED: "exceeded", UNKNOWN_USE: UNKNOWN}


def render_line(report: Report) -> str:
    """Return ``carbonrun: energy_j=4.71 ... exit=0: make -j8`` with a newline.

    ``name=`` is there if the run has one, ``budget=`` if it is exceeded or cannot be checked.
    """
    values = {name: of(report) for name, of in COLUMNS if name in SHOWN}
    pairs = " ".join(f"{name}={_text(values[name])}" for name in SHOWN)
    if report.run.name is not None:
        pairs += f" name={shell_quoted(report.run.name)}"
    for note in report.notes:
        if note.code in _BUDGETS:
            pairs += f" budget={_BUDGETS[note.code]}"
    end = ending(report).replace("exit ", "exit=").replace("killed by ", "signal=")
    return printable(f"carbonrun: {pairs} {end.replace(' ', '-')}: {command_text(report)}") + "\n"


def _text(value: object) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:.6g}" if isinstance(value, float) else str(value)
