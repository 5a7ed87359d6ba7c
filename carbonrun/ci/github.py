"""What GitHub Actions shows of a run: a row in the step's summary, an annotation. Pure.

Source: docs.github.com, Workflow commands for GitHub Actions (escapes, job summaries: 1 MiB a
step); actions/toolkit, docs/problem-matchers.md (ten annotations of a kind in a step).
"""

from __future__ import annotations

from carbonrun.report.budget import EXCEEDED
from carbonrun.report.markdown_text import code, escaped
from carbonrun.report.summary import command_text, ending
from carbonrun.report.text import printable, shorten
from carbonrun.units import UNKNOWN, duration_text, energy_text, joined_range, mass_text, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report

HEADING = "\n#### Energy and emissions (carbonrun)\n\n"
HEADER = "| command | end | energy | CO2e | time | CPU time | how | budget |"
RULE = "| --- | --- | ---: | ---: | ---: | ---: | --- | --- |"
OVER = "**over**"
MOST_BYTES = (1 << 20) - 4096  # the service drops the whole summary if it is any larger
MOST_ANNOTATIONS = 10
_COMMAND_COLUMNS = 120


def table_row(report: Report) -> str:
    """Return the row of a run, with a newline."""
    energy, emitted = report.energy, report.emissions
    name = f"{escaped(report.run.name)}: " if report.run.name else ""
    over = [
        escaped(note.message.removeprefix("over budget: "))
        for note in report.notes
        if note.code == EXCEEDED
    ]
    cpu_seconds = report.tree.cpu_seconds
    cells = (
        name + code(shorten(command_text(report), _COMMAND_COLUMNS, "...")),
        ending(report),
        _with_bounds(
            energy_text(energy.joules),
            energy_text(energy.low_joules),
            energy_text(energy.high_joules),
        ),
        _with_bounds(
            mass_text(emitted.grams_co2e),
            mass_text(emitted.low_grams_co2e),
            mass_text(emitted.high_grams_co2e),
        ),
        duration_text(report.run.duration_seconds),
        UNKNOWN if cpu_seconds is None else scaled(cpu_seconds, "s"),
        escaped(", ".join(dict.fromkeys(device.method for device in energy.devices))),
        f"{OVER}: {'; '.join(over)}" if over else "",
    )
    return "| " + " | ".join(cells) + " |\n"


def continued(before: str, row: str) -> str:
    """Return what to append to a summary: the row, with a head unless our table ends there.

    Nothing where that would make the summary too large to be shown at all.
    """
    lines = before.split("\n")
    at = len(lines) - 2
    while at >= 0 and lines[at].startswith("| "):
        at -= 1
    is_ours = before.endswith("\n") and lines[at + 1] == HEADER
    gap = "" if not before or before.endswith("\n") else "\n"
    text = row if is_ours else f"{gap}{HEADING}{HEADER}\n{RULE}\n{row}"
    return text if fits(before, text) else ""


def fits(before: str, text: str) -> bool:
    """Tell whether a summary can still be shown with the text appended."""
    return len(before.encode("utf-8", "replace")) + len(text.encode()) <= MOST_BYTES


def budget_annotations(report: Report, before: str, *, is_error: bool) -> list[str]:
    """Return the workflow commands for a run over its budget, without those that nobody would see.

    Args:
        report: with its notes.
        before: the step's summary before this run, whose rows tell of earlier annotations.
        is_error: whether the run fails for it.
    """
    left = MOST_ANNOTATIONS - before.count(OVER)
    over = [note.message for note in report.notes if note.code == EXCEEDED]
    command = command_text(report)
    return [annotation(f"{message}: {command}", is_error=is_error) for message in over][
        : max(0, left)
    ]


def annotation(text: str, *, is_error: bool) -> str:
    """Return a workflow command with a newline."""
    shown = printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{'error' if is_error else 'warning'} title=carbonrun::{shown}\n"


def _with_bounds(best: str, low: str, high: str) -> str:
    return best if UNKNOWN in {best, low, high} else f"{best} ({joined_range(low, high)})"
