"""The emissions of a run in the card of a model on the Hugging Face Hub, in grams. Pure.

Source: Hugging Face Hub, "Displaying carbon emissions for your model": ``co2_eq_emissions`` with
``emissions`` (grams of CO2e), ``source``, ``training_type``, ``geographical_location`` and
``hardware_used``.
"""

from __future__ import annotations

from carbonrun.measurement.model import BOARD
from carbonrun.report.front_matter import number, quoted, with_key
from carbonrun.report.text import printable
from carbonrun.units import joined_range, mass_text, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.report.model import Report

KEY = "co2_eq_emissions"
TRAINING_TYPES = ("pre-training", "fine-tuning")


def with_emissions(card: str, report: Report, location: str | None, training: str | None) -> str:
    """Return the card with the emissions of a run; body and other keys are kept.

    Args:
        card: text of the README.md; may be empty.
        report: of the run that trained the model.
        location: where the electricity came from, None where that is not known.
        training: ``pre-training`` or ``fine-tuning``, None keeps what the card says.

    Raises:
        ValueError: the emissions are not known, or the front matter cannot be changed.
    """
    grams = report.emissions.grams_co2e
    if grams is None:
        raise ValueError("the emissions of this run are not known")
    block = [("emissions", number(grams)), ("source", quoted(printable(_source(report))))]
    if training is not None:
        block.append(("training_type", quoted(printable(training))))
    if location is not None:
        block.append(("geographical_location", quoted(printable(location))))
    hardware = "; ".join(_hardware(report))
    if hardware:
        block.append(("hardware_used", quoted(printable(hardware))))
    return with_key(card, KEY, block)


def _source(report: Report) -> str:
    """Return how the figure was made and how far off it may be; the card has no other place."""
    emitted, used = report.emissions, report.intensity
    billed = [device for device in report.energy.devices if device.kind != BOARD]
    methods = ", ".join(dict.fromkeys(f"{d.kind} {d.method}" for d in billed))
    parts = [f"carbonrun {report.run.version}"]
    if emitted.low_grams_co2e is not None and emitted.high_grams_co2e is not None:
        between = joined_range(
            mass_text(emitted.low_grams_co2e), mass_text(emitted.high_grams_co2e)
        )
        parts.append(f"bounds {between}")
    parts.append(f"energy {scaled((report.energy.joules or 0.0) / 3600, 'Wh')} ({methods})")
    if used is not None:
        parts.append(f"intensity {used.g_per_kwh:.3g} g/kWh ({used.basis or 'given'})")
    counted = {device.kind for device in billed}
    missing = dict.fromkeys(d.kind for d in report.energy.unmeasured if d.kind not in counted)
    if missing:
        parts.append(f"not measured: {', '.join(missing)}")
    return "; ".join(parts)


def _hardware(report: Report) -> Iterator[str]:
    host = report.run.host
    gpus = [device.name for device in report.energy.devices if device.kind == "gpu"]
    for name in dict.fromkeys(gpus):
        yield f"{gpus.count(name)} x {name}"
    if host.cpu_model:
        yield f"{host.cpu_model}, {host.logical_cpus} logical CPUs"
