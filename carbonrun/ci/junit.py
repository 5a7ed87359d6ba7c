"""A run as a test case of JUnit's XML, with its figures as properties. Pure.

It fails only where the run fails for its budget: how the command ended is shown elsewhere.
"""

from __future__ import annotations

from carbonrun.report.budget import EXCEEDED
from carbonrun.report.columns import COLUMNS
from carbonrun.report.summary import command_text
from carbonrun.report.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report

SHOWN = (
    "energy_j", "energy_low_j", "energy_high_j", "co2e_g", "co2e_low_g", "co2e_high_g", "cpu_s",
    "peak_memory_bytes", "grid_zone", "intensity_g_per_kwh", "cpu_method", "exit_code",
)  # fmt: skip


def to_junit(report: Report, *, fails: bool) -> str:
    """Return the document.

    Args:
        report: of the run.
        fails: whether a budget that is used up is a failure.
    """
    name = _attribute(report.run.name or command_text(report))
    seconds = f"{report.run.duration_seconds:.3f}"
    values = ((column, of(report)) for column, of in COLUMNS if column in SHOWN)
    properties = "".join(
        f'      <property name="{column}" value="{_attribute(_text(value))}"/>\n'
        for column, value in values
        if value is not None
    )
    over = [note.message for note in report.notes if note.code == EXCEEDED] if fails else []
    failure = f'    <failure message="{_attribute("; ".join(over))}"/>\n' if over else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites>\n<testsuite name="carbonrun" tests="1" failures="{int(bool(over))}" '
        f'errors="0" time="{seconds}">\n'
        f'  <testcase classname="carbonrun" name="{name}" time="{seconds}">\n'
        f"    <properties>\n{properties}    </properties>\n{failure}"
        "  </testcase>\n</testsuite>\n</testsuites>\n"
    )


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _attribute(text: str) -> str:
    """Return text for an attribute: no character that XML does not know."""
    shown = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return shown.replace('"', "&quot;")
