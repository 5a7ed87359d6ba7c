"""A diagnosis as one screen of text. Pure."""

from __future__ import annotations

from textwrap import wrap

from carbonrun.measurement.model import IN_VAIN
from carbonrun.report.text import printable
from carbonrun.units import bytes_text, range_text, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.cli.diagnosis import DeviceFound, Diagnosis
    from carbonrun.cli.diagnosis_services import WouldAsk
    from carbonrun.measurement.meters.catalogue import CatalogueEntry

LABEL_COLUMNS = 11
MOST_COLUMNS = 100
LEAST_COLUMNS = 40
GREEN, YELLOW, FAINT, BOLD, PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[2m", "\x1b[1m", "\x1b[0m"

_RUNGS = {
    "cgroup": "exact CPU time, by the control group",
    "perf": "exact CPU time, by the kernel's sums and a perf counter",
    "procfs": "CPU time by the kernel's sums; children that nobody waits for are not seen",
    "psutil": "CPU time of the processes that are seen",
}
_PACKAGES = {
    "exact": "each package's energy goes by what ran on it",
    "sampled": "each package's energy goes by where threads were last seen",
}
_CORES = {
    "counted": "CPU time is weighed by cycles, as cores differ",
    "uncounted": "cores differ, but cycles cannot be counted: "
    "sudo sysctl kernel.perf_event_paranoid=0",
}


class _Screen:
    """Lines under construction: labels on the left, text that is wrapped on the right."""

    def __init__(self, columns: int, *, colour: bool) -> None:
        self.lines: list[str] = []
        self._columns = min(MOST_COLUMNS, max(LEAST_COLUMNS, columns))
        self._colour = colour

    def rule(self, title: str) -> None:
        self.lines += ["", self._styled(f" {title}", BOLD)]

    def row(self, label: str, text: str, style: str = "") -> None:
        """Add a row; a label that is too long has a line of its own."""
        if len(label) >= LABEL_COLUMNS:
            self.lines.append(f" {label}")
            label = ""
        room = self._columns - LABEL_COLUMNS - 1
        parts = wrap(printable(text), room, break_on_hyphens=False) or [""]
        for number, part in enumerate(parts):
            left = f" {label if number == 0 else '':<{LABEL_COLUMNS}}"
            self.lines.append((left + self._styled(part, style)).rstrip())

    def sentence(self, text: str) -> None:
        """Add a sentence that stands by itself."""
        self.lines += ["", *(f" {part}" for part in wrap(text, self._columns - 1))]

    def command(self, text: str) -> None:
        """Add a remedy in one line of its own, to be copied."""
        self.lines.append(f" {'':<{LABEL_COLUMNS}}" + self._styled(f"> {printable(text)}", FAINT))

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{PLAIN}" if self._colour and style else text


def render(found: Diagnosis, *, columns: int, colour: bool) -> str:
    """Return the screen; ``colour`` adds what terminals understand."""
    screen = _Screen(columns, colour=colour)
    _head(screen, found)
    screen.rule("a run here")
    for device in found.devices:
        screen.row(device.id, _how(device), YELLOW if device.method == "estimated" else GREEN)
        screen.row("", f"idle floor: {_floor(device)}")
    _packages(screen, found)
    _gpus(screen, found)
    screen.row("CPU time", "; ".join(_accounting(found)))
    screen.row("zone", _zone(found))
    for service in found.services:
        screen.row("would ask", _service(service), YELLOW if service.problem else "")
    screen.rule("sensors, the best first")
    for entry in found.sensors:
        _sensor(screen, entry)
    if any(entry.remedy == IN_VAIN for entry in found.sensors):
        screen.command(IN_VAIN)
    screen.rule("files")
    for file in found.files:
        screen.row("settings", f"{file.path}: {file.state}")
    screen.row("state", _state(found))
    notes = [note for note in found.notes if note.level == "warning"]
    if notes:
        screen.rule("notes")
    for note in notes:
        screen.row(note.level, f"{note.message} ({note.hint})" if note.hint else note.message)
    screen.sentence(_verdict(found))
    return "\n".join(screen.lines) + "\n"


def _packages(screen: _Screen, found: Diagnosis) -> None:
    """Add why a run would not believe a package, or go without it; remedies are below."""
    for row in found.unmeasured:
        if row.kind == "cpu" and row.id != "cpu":
            screen.row(_short(row.id), f"not measured: {row.reason}", YELLOW)


def _gpus(screen: _Screen, found: Diagnosis) -> None:
    """Add what is not measured of GPUs, and what could be better."""
    for row in found.unmeasured:
        if row.kind == "gpu":
            screen.row(_short(row.id), f"not measured: {row.reason}", YELLOW)
            if row.hint is not None:
                screen.command(row.hint)
    for each in found.gpu_advice:
        screen.row(_short(each.id), each.text)
        if each.remedy is not None:
            screen.command(each.remedy)


def _short(device_id: str) -> str:
    """Return an id that fits: without the domain of a PCI address, or its beginning."""
    return device_id.removeprefix("0000:")[: LABEL_COLUMNS - 1]


def _head(screen: _Screen, found: Diagnosis) -> None:
    host = found.host
    memory = "" if host.memory_bytes is None else f", {bytes_text(host.memory_bytes)}"
    virtual = ", virtual machine" if found.is_virtual else ""
    model = host.cpu_model or "unknown CPU"
    screen.row("machine", f"{host.name}: {model}, {host.logical_cpus} CPUs{memory}{virtual}")
    screen.row("system", host.os)


def _how(device: DeviceFound) -> str:
    low, high = device.low_factor, device.high_factor
    source = device.source.partition(";")[0].partition(" (")[0]
    return f"{device.method}, {source} ({low:.2g} to {high:.2g} times the figure)"


def _floor(device: DeviceFound) -> str:
    watts = device.floor_watts
    if watts is None or device.floor_low_watts is None or device.floor_high_watts is None:
        return "unknown: carbonrun calibrate measures it"
    bounds = range_text(device.floor_low_watts, device.floor_high_watts, "W")
    return f"{scaled(watts, 'W')} ({bounds}), {device.floor_source.partition(' (')[0]}"


def _accounting(found: Diagnosis) -> Iterator[str]:
    accounting = found.accounting
    yield f"{_RUNGS[accounting.rung]} ({accounting.rung})"
    if accounting.names:
        yield "every process is counted by name"
    else:
        yield "processes that come and go between two looks are not counted by name"
    if accounting.packages in _PACKAGES:
        yield _PACKAGES[accounting.packages]
    if accounting.cores in _CORES:
        yield _CORES[accounting.cores]


def _zone(found: Diagnosis) -> str:
    intensity, point = found.intensity, found.intensity.points[0]
    zone = intensity.grid_zone or "a constant"
    source = "" if intensity.zone_source is None else f" (from {intensity.zone_source})"
    bounds = f"{point.low_g_per_kwh:.3g} to {point.high_g_per_kwh:.3g}"
    return f"{zone}{source}: {point.g_per_kwh:.3g} g/kWh ({bounds}), {point.source}"


def _service(service: WouldAsk) -> str:
    host = service.host or "nobody yet"
    text = f"{service.name} ({service.title}) at {host}, which is told: {service.sent}"
    return text if service.problem is None else f"{text}; {service.problem}"


def _sensor(screen: _Screen, entry: CatalogueEntry) -> None:
    rank = "-" if entry.rank is None else str(entry.rank)
    devices = ", ".join(entry.devices)
    if entry.billed:
        text, style = f"in use for {', '.join(entry.billed)}", GREEN
    elif entry.readable:
        text, style = f"readable, a cross-check of what is above: {devices}", ""
        if entry.rank is None:
            text = f"readable with --board, a cross-check: {devices}"
    elif entry.found:
        text, style = f"found ({devices}), not readable: {entry.reason}", YELLOW
    else:
        text, style = f"not here: {entry.reason}", FAINT
    screen.row(rank, f"{entry.title}: {text}", style)
    if entry.remedy not in (None, IN_VAIN) and not entry.readable:
        for part in (entry.remedy or "").split(" ; "):
            screen.command(part)


def _state(found: Diagnosis) -> str:
    state = found.state
    if state.folder is None:
        return "nothing is kept: set HOME, XDG_STATE_HOME or --state-dir"
    writable = "" if state.is_writable else " is not writable"
    when = "not calibrated" if state.calibrated_at is None else f"calibrated {state.calibrated_at}"
    return f"{state.folder}{writable}; {when}"


def _verdict(found: Diagnosis) -> str:
    if found.is_measured:
        return "The energy of the CPU is measured."
    return "The energy of the CPU can only be estimated here."
