"""Which of the devices that were metered are billed, and which are set aside, and why. Pure.

For each kind a counter wins over a model. A counter that did not move although the machine was
busy (virtual machines show such), or whose power cannot be true, is set aside with the reason,
and the model takes its place; also where that is one of several packages, since a sum without it
would look like a measurement of all. Devices of the kind ``board`` contain others: listed, never
billed.
"""

from __future__ import annotations

from carbonrun.measurement.ledger import LEAST_STILL_SECONDS
from carbonrun.measurement.model import BOARD, ESTIMATED, GPU, INTEGRATED, Unmeasured
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonrun.measurement.ledger import DeviceLedger

# So much of a run without figures is more than the bounds allow for.
FEW = 0.05


class Selection(Record):
    """The outcome: what is summed, what is only shown, what is set aside."""

    billed: tuple[DeviceLedger, ...]
    shown: tuple[DeviceLedger, ...]
    unmeasured: tuple[Unmeasured, ...]


def select(
    ledgers: Iterable[DeviceLedger],
    implausible: Mapping[str, str],
    absent: Iterable[Unmeasured] = (),
) -> Selection:
    """Choose among the ledgers of a run.

    Args:
        ledgers: one for each metered device.
        implausible: for device ids, why the meter itself does not believe its figures.
        absent: devices that have no meter, and why.
    """
    billed: list[DeviceLedger] = []
    shown: list[DeviceLedger] = []
    unmeasured: list[Unmeasured] = []
    models: list[DeviceLedger] = []
    ledgers = tuple(ledgers)
    elapsed_seconds = max((ledger.totals().seconds for ledger in ledgers), default=0.0)
    for ledger in ledgers:
        device = ledger.device
        reason = _fault(ledger, implausible, elapsed_seconds)
        if device.method == ESTIMATED and (reason is None or not _is_unknown(ledger, implausible)):
            models.append(ledger)
        elif reason is not None:
            unmeasured.append(Unmeasured(id=device.id, kind=device.kind, reason=reason))
        elif device.kind == BOARD:
            shown.append(ledger)
        else:
            billed.append(ledger)
    for kind in {model.device.kind for model in models}:
        counted = [ledger for ledger in billed if ledger.device.kind == kind]
        missing = [row for row in unmeasured if row.kind == kind]
        missing += missing_parts(kind, [ledger.device.id for ledger in counted], absent)
        if missing:
            billed = [ledger for ledger in billed if ledger not in counted]
            unmeasured += (_outvoted(ledger, missing) for ledger in counted)
    measured_kinds = {ledger.device.kind for ledger in billed}
    billed += [ledger for ledger in models if ledger.device.kind not in measured_kinds]
    return Selection(billed=tuple(billed), shown=tuple(shown), unmeasured=tuple(unmeasured))


def missing_parts(
    kind: str, measured_ids: Iterable[str], absent: Iterable[Unmeasured]
) -> list[Unmeasured]:
    """Return the devices without a meter that are of one family with some that have one."""
    families = {_family(device_id) for device_id in measured_ids}
    return [row for row in absent if row.kind == kind and _family(row.id) in families]


def _family(device_id: str) -> str:
    return device_id.partition("-")[0]  # package-0, dram-1


def _outvoted(ledger: DeviceLedger, missing: Iterable[Unmeasured]) -> Unmeasured:
    names = ", ".join(row.id for row in missing)
    reason = f"it was counted, but {names} was not: the model stands in for all of them"
    return Unmeasured(id=ledger.device.id, kind=ledger.device.kind, reason=reason)


def is_much(seconds: float, of_seconds: float) -> bool:
    """Tell whether so long without figures is more than the bounds allow for."""
    return seconds > max(of_seconds * FEW, LEAST_STILL_SECONDS)


def _is_unknown(ledger: DeviceLedger, implausible: Mapping[str, str]) -> bool:
    """Tell whether there is nothing to show; a model is allowed what a counter is not."""
    return ledger.device.id in implausible or ledger.totals().readings < 2  # noqa: PLR2004


def _fault(
    ledger: DeviceLedger, implausible: Mapping[str, str], elapsed_seconds: float
) -> str | None:
    """Return why the figures of a device are not those of the whole run, None if they are."""
    totals = ledger.totals()
    if ledger.device.id in implausible:
        return implausible[ledger.device.id]
    if totals.readings < 2:  # noqa: PLR2004 - a difference takes two
        return "it could not be read during the run"
    is_gpu = ledger.device.kind == GPU  # may sleep; its own watch knows what is wrong
    if totals.machine_joules <= 0 and not is_gpu:
        return f"its counter did not move in {totals.seconds:.3g} s"
    # GPUs are looked at more rarely, and whoever looks says why there are no more looks.
    if not is_gpu and elapsed_seconds - totals.seconds > elapsed_seconds * FEW:
        return f"it could only be read in the first {totals.seconds:.3g} s of {elapsed_seconds:.3g}"
    # Sensors of power are sampled more rarely, and say themselves for how long they were silent.
    is_quick = ledger.device.method != INTEGRATED and ledger.device.kind != BOARD and not is_gpu
    if is_quick and is_much(totals.still_seconds, elapsed_seconds):
        return f"its counter stood still for {totals.still_seconds:.3g} s of {elapsed_seconds:.3g}"
    return None
