"""A simulated PMU ``power`` whose events the real kernel counts.

The files are made up, the counting is not: the events are software events of the kernel, so that
descriptors, permissions and reading are the real ones. ``SOFTWARE_CLOCK`` counts nanoseconds, one
a unit; with the scale of the files that is ``CLOCK_WATTS`` for each CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SCALE = "2.3283064365386962890625e-10"  # 2^-32 J, as the kernel writes it
# Source: linux/perf_event.h, PERF_TYPE_SOFTWARE and PERF_COUNT_SW_CPU_CLOCK.
SOFTWARE, SOFTWARE_CLOCK = 1, 0
CLOCK_WATTS = 1e9 * 2.0**-32


class SimulatedPmu:
    """The files of the PMU below a sysfs root."""

    def __init__(
        self,
        sysfs: Path,
        cpumask: Sequence[int],
        events: Sequence[str] = ("energy-cores", "energy-pkg", "energy-ram", "energy-psys"),
        pmu_type: int = SOFTWARE,
    ) -> None:
        """Write them."""
        self.folder = sysfs / "bus/event_source/devices/power"
        (self.folder / "events").mkdir(parents=True)
        (self.folder / "type").write_text(f"{pmu_type}\n")
        self.set_cpumask(cpumask)
        for event in events:
            self.add_event(event)

    def set_cpumask(self, cpus: Sequence[int]) -> None:
        """Let the PMU count on other CPUs."""
        (self.folder / "cpumask").write_text(",".join(map(str, cpus)) + "\n")

    def add_event(
        self, name: str, config: int = SOFTWARE_CLOCK, scale: str = SCALE, unit: str = "Joules"
    ) -> None:
        """Add an event."""
        (self.folder / "events" / name).write_text(f"event={config:#04x}\n")
        (self.folder / "events" / f"{name}.scale").write_text(f"{scale}\n")
        (self.folder / "events" / f"{name}.unit").write_text(f"{unit}\n")
