"""The calls of a report as a flame graph of joules, one SVG file that loads nothing. Pure.

The command is at the top, what it has called below it (an "icicle"), each as wide as its share.
A click makes a call as wide as the picture where scripts are run; elsewhere it stands as it is.
"""

from __future__ import annotations

from carbonrun.record import Record
from carbonrun.report.calls import has_joules, label, whole_value
from carbonrun.report.text import printable, shell_quoted, shorten, width
from carbonrun.report.top import named_share, program_remark
from carbonrun.report.xml_text import xml
from carbonrun.units import energy_text, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from carbonrun.report.model import Call, Report

WIDTH, ROW = 1200.0, 22.0
_MARGIN, _HEAD = 10.0, 58.0
_LEAST_WIDTH = 0.5  # narrower is not seen, and would make the file large
_LETTER = 6.9  # of 12 px, on average
_LEAST_LETTERS = 3
_MOST_TITLE_WORDS = 300

_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1f2328;pointer-events:none}"
    ".bg{fill:#fff}.h{font-size:15px;font-weight:600}.m{fill:#59636e}"
    "#all{pointer-events:all;cursor:pointer;fill:#0969da;display:none}"
    "g.c{cursor:pointer}g.c rect{stroke:#fff;stroke-width:.6}g.c:hover rect{stroke:#1f2328}"
    "g.c text{fill:#1f2328}.none{fill:#d1d9e0}"
    "@media(prefers-color-scheme:dark){.bg{fill:#0d1117}text{fill:#e6edf3}.m{fill:#9198a1}"
    "#all{fill:#4493f8}g.c rect{stroke:#0d1117}g.c:hover rect{stroke:#fff}}"
)
# Widths and places are kept in the attributes as they are drawn: a click reads them from there.
_SCRIPT = """
(function () {
  var svg = document.currentScript.ownerSVGElement || document.documentElement;
  var calls = [].slice.call(svg.querySelectorAll("g.c"));
  var all = svg.getElementById("all"), left = %(left)s, room = %(room)s, letter = %(letter)s;
  function number(call, name) { return parseFloat(call.getAttribute("data-" + name)); }
  function show(x, w, level) {
    calls.forEach(function (call) {
      var from = number(call, "x"), wide = number(call, "w"), deep = number(call, "l");
      var over = deep < level && from <= x + 0.01 && from + wide >= x + w - 0.01;
      var in_it = deep >= level && from >= x - 0.01 && from + wide <= x + w + 0.01;
      call.style.display = over || in_it ? "" : "none";
      if (!(over || in_it)) return;
      var at = over ? left : left + (from - x) / w * room, size = over ? room : wide / w * room;
      var box = call.querySelector("rect"), text = call.querySelector("text");
      box.setAttribute("x", at); box.setAttribute("width", size);
      box.style.opacity = over ? 0.7 : 1;
      text.setAttribute("x", at + 4);
      var name = call.getAttribute("data-n"), most = Math.floor((size - 8) / letter);
      var whole = name + "  " + call.getAttribute("data-v");
      if (whole.length <= most) name = whole;
      else if (name.length > most) name = most < 3 ? "" : name.slice(0, most - 1) + "\\u2026";
      text.textContent = name;
    });
    all.style.display = level > 0 ? "block" : "none";
  }
  calls.forEach(function (call) {
    call.addEventListener("click", function () {
      show(number(call, "x"), number(call, "w"), number(call, "l"));
    });
  });
  all.addEventListener("click", function () { show(left, room, 0); });
})();
"""


class Box(Record):
    """A call as it is drawn: from where, how wide, how deep."""

    call: Call
    x: float
    width: float
    level: int


def to_flame_graph(report: Report) -> str:
    """Return the picture."""
    joules = has_joules(report.tree.calls)
    room = WIDTH - 2 * _MARGIN
    total = sum(whole_value(call, joules=joules) for call in report.tree.calls)
    boxes = list(_boxes(report.tree.calls, _MARGIN, room / total, 0, joules)) if total > 0 else []
    levels = 1 + max((box.level for box in boxes), default=0)
    height = _HEAD + ROW * levels + _MARGIN
    body = [part for box in boxes for part in _drawn(box, total, joules=joules)]
    if not boxes:
        body = [_words(_MARGIN, _HEAD + 15, "no program has used any CPU time that was seen", "m")]
    script = _SCRIPT % {"left": _MARGIN, "room": room, "letter": _LETTER}
    title = printable(" ".join(map(shell_quoted, report.run.command)))
    what = energy_text(total) + " of CPU energy" if joules else scaled(total, "s") + " of CPU time"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" '
        f'width="{WIDTH:g}" height="{height:g}" role="img">\n'
        f"<title>{xml(title)}</title>\n<style>{_STYLE}</style>\n"
        '<rect class="bg" width="100%" height="100%"/>\n'
        + _words(_MARGIN, 24, _short(title, room - 80, 8.6), "h")
        + _words(
            _MARGIN,
            44,
            f"{what}; named: {named_share(report.tree)} {program_remark(report.tree)}",
            "m",
        )
        + f'<text id="all" x="{WIDTH - _MARGIN:g}" y="24" text-anchor="end">show all</text>\n'
        + "".join(body)
        + f"<script><![CDATA[{script}]]></script>\n</svg>\n"
    )


def _boxes(
    calls: Iterable[Call], x: float, scale: float, level: int, joules: bool
) -> Iterator[Box]:
    for call in calls:
        wide = whole_value(call, joules=joules) * scale
        if wide >= _LEAST_WIDTH:
            yield Box(call=call, x=x, width=wide, level=level)
            yield from _boxes(call.calls, x, scale, level + 1, joules)
        x += wide


def _drawn(box: Box, total: float, *, joules: bool) -> Iterator[str]:
    name = printable(label(box.call))
    y = _HEAD + ROW * box.level
    used = whole_value(box.call, joules=joules)
    value = energy_text(used) if joules else scaled(used, "s")
    fill = 'class="none"' if box.call.program is None else f'fill="{colour(name)}"'
    yield (
        f'<g class="c" data-x="{box.x:.2f}" data-w="{box.width:.2f}" data-l="{box.level}" '
        f'data-n="{xml(name)}" data-v="{value}"><title>{_hover(box.call, total, joules=joules)}'
        f'</title><rect x="{box.x:.2f}" y="{y:g}" width="{box.width:.2f}" height="{ROW - 1:g}" '
        f'rx="2" {fill}/>'
    )
    whole = f"{name}  {value}"
    shown = whole if width(whole) <= (box.width - 8) / _LETTER else ""
    shown = shown or _short(name, box.width - 8, _LETTER)
    yield f'<text x="{box.x + 4:.2f}" y="{y + 15:g}">{xml(shown)}</text></g>\n'


def _hover(call: Call, total: float, *, joules: bool) -> str:
    share = whole_value(call, joules=joules) / total
    lines = [printable(label(call))]
    if call.command:
        lines.append(shorten(_command(call.command), _MOST_TITLE_WORDS, "..."))
    if call.joules is not None and call.own_joules is not None:
        lines.append(
            f"{energy_text(call.joules)} ({share:.1%}), itself {energy_text(call.own_joules)}"
        )
    own = scaled(call.own_cpu_seconds, "s")
    lines.append(f"{scaled(call.cpu_seconds, 's')} of CPU time, itself {own}")
    if call.processes is not None:
        lines.append("1 process" if call.processes == 1 else f"{call.processes:,} processes")
    return "\n".join(map(xml, lines))


def _command(words: Iterable[str]) -> str:
    return printable(" ".join(map(shell_quoted, words)))


def colour(name: str) -> str:
    """Return a warm colour that a name always has; dark text reads well on it."""
    value = 2166136261  # FNV-1a: spreads names that differ in one letter
    for byte in name.encode("utf-8", "backslashreplace"):
        value = (value ^ byte) * 16777619 % 2**32
    hue = 8 + value % 50
    return f"hsl({hue},{70 + value // 64 % 20}%,{62 + value // 4096 % 12}%)"


def _short(text: str, room: float, letter: float) -> str:
    most = int(room / letter)
    if width(text) <= most:
        return text
    return shorten(text, most, "\N{HORIZONTAL ELLIPSIS}") if most >= _LEAST_LETTERS else ""


def _words(x: float, y: float, text: str, style: str) -> str:
    return f'<text class="{style}" x="{x:g}" y="{y:g}">{xml(text)}</text>\n'
