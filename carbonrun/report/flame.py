"""The calls of a report as files that other programs draw: collapsed stacks, speedscope. Pure.

Every stack has what its last program used itself, in joules; in CPU seconds where joules are not
known.

Source: the format of flamegraph.pl's input, one ``a;b;c COUNT`` a line with a whole number;
https://www.speedscope.app/file-format-schema.json.
"""

from __future__ import annotations

import json

from carbonrun.report.calls import has_joules, label, own_value, stacks
from carbonrun.report.flame_forms import COLLAPSED, SPEEDSCOPE
from carbonrun.report.flame_svg import to_flame_graph
from carbonrun.report.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.report.model import Report

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"
_MICRO = 1e6


def render_flame(form: str, report: Report) -> str:
    """Return the content of a file in one of the forms."""
    if form == SPEEDSCOPE:
        return to_speedscope(report)
    if form == COLLAPSED:
        return to_collapsed(report)
    return to_flame_graph(report)


def to_collapsed(report: Report) -> str:
    """Return a line a stack, with microjoules; microseconds where joules are not known."""
    lines = []
    joules = has_joules(report.tree.calls)
    for path in stacks(report.tree.calls):
        value = round(own_value(path[-1], joules=joules) * _MICRO)
        if value > 0:
            names = (printable(label(call)).replace(";", ":") for call in path)
            lines.append(f"{';'.join(names)} {value}\n")
    return "".join(lines)


def to_speedscope(report: Report) -> str:
    """Return a sampled profile whose weights are joules; CPU seconds where they are not known."""
    joules = has_joules(report.tree.calls)
    frames: dict[str, int] = {}
    samples, weights = [], []
    for names, value in _values(report, joules=joules):
        samples.append([frames.setdefault(name, len(frames)) for name in names])
        weights.append(value)
    # The schema has units of time and bytes only; the name says what a number without one is.
    title = " ".join(report.run.command)
    profile = {
        "type": "sampled",
        "name": f"{'joules' if joules else 'CPU seconds'} of {title}",
        "unit": "none" if joules else "seconds",
        "startValue": 0,
        "endValue": sum(weights),
        "samples": samples,
        "weights": weights,
    }
    content = {
        "$schema": _SCHEMA,
        "shared": {"frames": [{"name": name} for name in frames]},
        "profiles": [profile],
        "name": title,
        "activeProfileIndex": 0,
        "exporter": f"carbonrun {report.run.version}",
    }
    return json.dumps(content) + "\n"


def _values(report: Report, *, joules: bool) -> Iterator[tuple[list[str], float]]:
    for path in stacks(report.tree.calls):
        value = own_value(path[-1], joules=joules)
        if value > 0:
            yield [printable(label(call)) for call in path], value
