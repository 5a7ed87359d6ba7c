"""What was compared, and every run of it. Pure.

Inside of this package everything is in J, g, s and bytes; a figure that is not known is None.
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.notes import Note

SCHEMA = "carbonrun.comparison/1"

ENERGY, NET, EMISSIONS = "energy_joules", "net_joules", "grams_co2e"
TIME, CPU_TIME, MEMORY = "duration_seconds", "cpu_seconds", "peak_memory_bytes"
PER_UNIT = "joules_per_unit"
# What was unusual about a run.
BUSY, THROTTLED, UNSETTLED, FAILED = "busy", "throttled", "unsettled", "failed"
DISTURBED = frozenset({BUSY, THROTTLED})


class Metric(Record):
    """A figure of a run.

    Attributes:
        key: its name in samples and exports, with the unit.
        title: for tables.
        verb, noun: for sentences: B ``uses`` less ``energy``.
    """

    key: str
    title: str
    verb: str = "uses"
    noun: str = ""


METRICS = (
    Metric(key=ENERGY, title="energy", noun="energy"),
    Metric(key=NET, title="above idle", noun="energy above idle"),
    Metric(key=EMISSIONS, title="CO2e", verb="emits", noun="CO2e"),
    Metric(key=TIME, title="time", verb="takes", noun="time"),
    Metric(key=CPU_TIME, title="CPU time", noun="CPU time"),
    Metric(key=MEMORY, title="memory", noun="memory"),
    Metric(key=PER_UNIT, title="per unit", noun="energy per unit of work"),
)
BY_KEY = {metric.key: metric for metric in METRICS}


class Subject(Record):
    """One of the commands.

    Attributes:
        name: what it is called: a letter, or what the user says.
        text: the command line.
        parameters: what was put into it by ``--vary``.
        work: units of work that one execution does, None if nobody has said.
        repeats: executions in one run.
    """

    name: str
    text: str
    parameters: dict[str, str]
    work: float | None
    repeats: int


class Sample(Record):
    """One run; figures are for one execution, whatever the repeats.

    Attributes:
        subject: the number of the command.
        round: the number of the block in which each command runs once, from 0.
        position: in that block, from 0.
        started_seconds: since the first run.
        figures: by the keys of the metrics.
        modelled: the part of the joules that no sensor has measured, 0 to 1.
        exit_code: of the run; death by signal N is 128 + N.
        marks: what was unusual: ``busy``, ``throttled``, ``unsettled``, ``failed``.
    """

    subject: int
    round: int
    position: int
    started_seconds: float
    figures: dict[str, float | None]
    modelled: float
    exit_code: int
    marks: tuple[str, ...] = ()


class Session(Record):
    """A series of runs on one machine.

    Attributes:
        seed: of the order.
        warm_up: runs of each command before the first one that counts.
        cpu_model, logical_cpus: of the machine.
        notes: what the reader has to know about how the figures came about.
        set_aside: runs of disturbed rounds, which were run again; they do not count.
    """

    schema: str = SCHEMA
    version: str
    started_at: str
    seed: int
    warm_up: int
    host: str
    cpu_model: str | None
    logical_cpus: int
    grid_zone: str | None
    subjects: tuple[Subject, ...]
    samples: tuple[Sample, ...]
    notes: tuple[Note, ...]
    set_aside: tuple[Sample, ...] = ()

    def values(self, subject: int, key: str) -> list[float]:
        """Return the known figures of a command in the order of its runs."""
        found = (s.figures.get(key) for s in self.samples if s.subject == subject)
        return [value for value in found if value is not None]

    @property
    def is_modelled(self) -> bool:
        """Tell whether most joules come from a model, so that they only restate the CPU time."""
        return mostly_modelled(self.samples)


# From here on the energy says nothing that the CPU time does not.
MODELLED_PART = 0.5


def mostly_modelled(samples: tuple[Sample, ...] | list[Sample]) -> bool:
    """Tell whether most joules of any run come from a model, or there are none at all."""
    return any(s.modelled > MODELLED_PART or s.figures.get(ENERGY) is None for s in samples)


def judged_metrics(samples: tuple[Sample, ...] | list[Sample]) -> tuple[str, str]:
    """Return what verdicts are about: first what stands for energy, then time."""
    return (CPU_TIME if mostly_modelled(samples) else ENERGY, TIME)


def paired_values(
    samples: tuple[Sample, ...] | list[Sample], first: int, second: int, key: str
) -> tuple[list[float], list[float]]:
    """Return the figures of two commands in rounds where both are known."""
    by_round: dict[int, dict[int, float]] = {}
    for sample in samples:
        value = sample.figures.get(key)
        if value is not None:
            by_round.setdefault(sample.round, {})[sample.subject] = value
    both = [values for values in by_round.values() if first in values and second in values]
    return [values[first] for values in both], [values[second] for values in both]
