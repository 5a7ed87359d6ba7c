"""What is shown while something is measured, as lines for a given size of terminal. Pure.

Responsible for: which figures, where they stand, and the curve of the last minute.
Not responsible for: colours and drawing (:mod:`carbonrun.report.live_view`), where the figures come
from (:mod:`carbonrun.progress`).
"""

from __future__ import annotations

from carbonrun.record import Record
from carbonrun.report import layout
from carbonrun.report.text import printable, shorten, to_ascii, width
from carbonrun.units import (
    JOULES_PER_WH,
    duration_text,
    energy_text,
    mass_text,
    scaled,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.report.layout import Line

LEAST_COLUMNS = 30
MOST_COLUMNS = 100
CURVE_SECONDS = 60.0
_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.-:=+*#"
_NUMBER_COLUMNS = 10
_LABEL_COLUMNS = 9
# Title, curve, sums, two headings: what is there whatever is measured.
_FIXED_ROWS = 5
_LEAST_CURVE_COLUMNS = 10
_UNNAMED = "(short-lived)"
_NO_PROGRAMS = "none above 1 % of a CPU"


class DevicePower(Record):
    """A device: its power now, its energy so far; None is not known yet."""

    name: str
    watts: float | None
    joules: float
    method: str


class ProgramPower(Record):
    """All processes of one program; ``cpus`` is how many CPUs they keep busy.

    ``program`` is None for what could not be named, ``watts`` None where nothing is known of it.
    """

    program: str | None
    watts: float | None
    cpus: float


class Snapshot(Record):
    """Everything that is shown at one moment.

    Attributes:
        title: what is measured, harmless to print.
        elapsed_seconds: since when.
        watts: power now, None if it is not known yet.
        joules, grams_co2e: so far; None is unknown.
        cpus, logical_cpus: how many are busy, of how many.
        devices: those that count, in the order of the report.
        programs: the most power first.
        curve: power over the last minute in watts, in equal steps, the latest last; None is before
            the start.
    """

    title: str
    elapsed_seconds: float
    watts: float | None
    joules: float | None
    grams_co2e: float | None
    cpus: float
    logical_cpus: int
    devices: tuple[DevicePower, ...]
    programs: tuple[ProgramPower, ...]
    curve: tuple[float | None, ...]


def live_lines(snapshot: Snapshot, columns: int, rows: int, *, unicode: bool) -> list[Line]:
    """Return at most ``rows`` lines, none wider than ``columns`` (30 at the least)."""
    columns = min(MOST_COLUMNS, max(LEAST_COLUMNS, columns))
    snapshot = snapshot if unicode else _in_ascii(snapshot)
    lines = [
        _title(snapshot, columns),
        _power(snapshot, columns, unicode=unicode),
        _sums(snapshot, columns),
        _row("device", ("power", "energy", ""), columns, layout.HEADING),
        *(_device(device, columns) for device in snapshot.devices),
        _row("program", ("power", "CPU", ""), columns, layout.HEADING),
        *(_program(program, columns) for program in snapshot.programs),
    ]
    if not snapshot.programs:
        lines.append([(f" {_NO_PROGRAMS}", layout.LABEL)])
    lines = lines[: max(1, rows)]
    return lines if unicode else [[(to_ascii(text), role) for text, role in line] for line in lines]


def _in_ascii(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with names for a terminal that has no UTF-8; they may get longer."""
    return snapshot.replace(
        title=to_ascii(snapshot.title),
        devices=tuple(each.replace(name=to_ascii(each.name)) for each in snapshot.devices),
        programs=tuple(
            each.replace(program=None if each.program is None else to_ascii(each.program))
            for each in snapshot.programs
        ),
    )


def ruled(lines: list[Line], columns: int, *, unicode: bool) -> list[Line]:
    """Return the lines below a rule, to tell them from what stands above."""
    dash = "\N{BOX DRAWINGS LIGHT HORIZONTAL}" if unicode else "-"
    return [[(" " + dash * (min(MOST_COLUMNS, columns) - 2), layout.RULE)], *lines]


def rows_for(devices: int, programs: int) -> int:
    """Return how many lines there are for so many devices and programs, if they are wide enough."""
    return _FIXED_ROWS + devices + programs


def bars(curve: Sequence[float | None], columns: int, *, unicode: bool) -> str:
    """Return the curve as a line of ``columns`` characters, from 0 to its highest power."""
    known = [watts for watts in curve if watts is not None]
    highest = max(known, default=0.0)
    marks = _BARS if unicode else _ASCII_BARS
    return "".join(
        " " if watts is None else marks[_step(watts, highest, len(marks))]
        for watts in _squeezed(curve, columns)
    ).rjust(columns)


def _step(watts: float, highest: float, steps: int) -> int:
    return 0 if highest <= 0 else min(steps - 1, int(watts / highest * (steps - 1) + 0.5))


def _squeezed(curve: Sequence[float | None], columns: int) -> list[float | None]:
    """Return the means of neighbours so that there are at most ``columns``."""
    if columns <= 0:
        return []
    size = -(-len(curve) // columns)
    if size <= 1:
        return list(curve)
    # From the end, so that only the oldest part may be a smaller one.
    ends = range(len(curve), 0, -size)
    return [_mean(curve[max(0, end - size) : end]) for end in reversed(ends)]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _title(snapshot: Snapshot, columns: int) -> Line:
    elapsed = duration_text(max(1.0, round(snapshot.elapsed_seconds))).replace(".00 s", " s")
    elapsed = elapsed.replace(".0 s", " s")
    head = " carbonrun  "
    room = columns - len(head) - len(elapsed) - 2
    title = shorten(snapshot.title, room, "...")
    gap = " " * (room - width(title) + 1)
    return [
        (head, layout.NAME), (title, layout.COMMAND), (gap, layout.PLAIN),
        (elapsed, layout.VALUE),
    ]  # fmt: skip


def _power(snapshot: Snapshot, columns: int, *, unicode: bool) -> Line:
    now = scaled(snapshot.watts, "W")
    known = [watts for watts in snapshot.curve if watts is not None]
    scale = f"  1 min, max {scaled(max(known), 'W')}" if known else ""
    room = columns - 2 - _LABEL_COLUMNS - _NUMBER_COLUMNS
    if room - len(scale) < _LEAST_CURVE_COLUMNS:
        scale = ""
    room -= len(scale)
    curve = bars(snapshot.curve, min(len(snapshot.curve), room), unicode=unicode)
    return [
        (f" {'power':<{_LABEL_COLUMNS}}", layout.LABEL),
        (f"{now:<{_NUMBER_COLUMNS}}", layout.VALUE),
        (curve, layout.SUCCESS),
        (scale, layout.LABEL),
    ]


def _sums(snapshot: Snapshot, columns: int) -> Line:
    """Return what was used so far, as much of it as one line holds."""
    joules, grams = snapshot.joules, snapshot.grams_co2e
    energy = energy_text(joules)
    exact = energy if joules is None else f"{energy} = {scaled(joules / JOULES_PER_WH, 'Wh')}"
    emitted = f"{mass_text(grams)} CO2e"
    cpus = f"CPU {_percent(snapshot.cpus / snapshot.logical_cpus)} of {snapshot.logical_cpus}"
    room = columns - 1 - _LABEL_COLUMNS
    choices = ((exact, emitted, cpus), (energy, emitted, cpus), (energy, emitted), (energy,))
    texts = ["   ".join(parts) for parts in choices]
    text = next((each for each in texts if width(each) <= room), texts[-1])
    return [(f" {'so far':<{_LABEL_COLUMNS}}", layout.LABEL), (text, layout.PLAIN)]


def _device(device: DevicePower, columns: int) -> Line:
    role = layout.ESTIMATED if device.method == "estimated" else layout.MEASURED
    cells = (scaled(device.watts, "W"), energy_text(device.joules), device.method)
    return _row(device.name, cells, columns, layout.PLAIN, role)


def _program(program: ProgramPower, columns: int) -> Line:
    name = _UNNAMED if program.program is None else program.program
    return _row(
        name, (scaled(program.watts, "W"), _percent(program.cpus), ""), columns, layout.PLAIN
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _row(
    name: str, cells: tuple[str, str, str], columns: int, role: str, last_role: str = layout.PLAIN
) -> Line:
    """Return name, two right-aligned cells, and a remark where there is room for it."""
    *numbers, remark = cells
    remark_columns = _NUMBER_COLUMNS + 2 if columns >= 2 * LEAST_COLUMNS else 0
    room = columns - 2 - 2 * (_NUMBER_COLUMNS + 1) - remark_columns
    shown = shorten(printable(name), room, "...")
    name_cell = " " + shown + " " * (room - width(shown))
    number_cells = "".join(f"{number:>{_NUMBER_COLUMNS + 1}}" for number in numbers)
    line = [(name_cell, role), (number_cells, role if role == layout.HEADING else layout.VALUE)]
    return [*line, (f"  {remark}", last_role)] if remark_columns and remark else line
