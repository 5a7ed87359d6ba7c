"""The sensors that are opened once the command runs: of power, for cross-checks, of the board.

None of them may delay the command: power is sampled by threads of their own, counters are cheap.
"""

from __future__ import annotations

from carbonrun.measurement.meters.discover import close_all, may_be_there, open_kind
from carbonrun.measurement.meters.order import ORDER, Choice
from carbonrun.measurement.model import BOARD, CPU
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonrun.measurement.meters.poller import Poller
    from carbonrun.measurement.meters.sensors import Found, Places
    from carbonrun.measurement.model import Meter, Unmeasured

# A comparison need not be as fine as a bill.
CHECK_PERIOD_SECONDS = 1.0


class Late(Record):
    """What was opened late.

    Attributes:
        meters: to be billed, or shown if of the kind ``board``.
        checks: second sensors of devices that are metered already; their ids end in ``@`` and the
            kind of sensor.
        unmeasured: all rows, those of the start included, but for what is metered by now.
        pollers: what takes samples; running.
    """

    meters: tuple[Meter, ...]
    checks: tuple[Meter, ...]
    unmeasured: tuple[Unmeasured, ...]
    pollers: tuple[Poller, ...] = ()


def after_start(
    places: Places,
    meters: Iterable[Meter],
    unmeasured: Iterable[Unmeasured],
    board: Found | None = None,
    others: Found | None = None,
) -> Late:
    """Open what is missing or worth a comparison, and start what takes samples.

    Args:
        places: roots of the kernel's files.
        meters: those that were opened before the start.
        unmeasured: the rows from then.
        board: meters of the board that were asked for.
        others: those of another system than Linux.
    """
    meters = tuple(meters)
    choice = Choice()
    choice.add(meters, unmeasured)
    pollers = _open_kinds(places, choice)
    for found in (board, others):
        if found is not None:
            choice.add(found.meters, found.unmeasured)
            pollers += found.pollers
    for poller in pollers:
        poller.start()
    new = [meter for meter in choice.meters if meter not in meters]
    checks = [_as_check(meter) for meter in choice.second if meter.device.kind != BOARD]
    close_all([meter for meter in choice.second if meter.device.kind == BOARD])
    return Late(
        meters=tuple(new),
        checks=tuple(checks),
        unmeasured=tuple(choice.unmeasured()),
        pollers=tuple(pollers),
    )


def _open_kinds(places: Places, choice: Choice) -> list[Poller]:
    """Add the kinds that are missing or worth a comparison; return what takes their samples."""
    rarely = places.replace(least_period_seconds=CHECK_PERIOD_SECONDS)
    open_already = {meter.device.meter for meter in choice.meters}
    pollers: list[Poller] = []
    for kind in ORDER:
        has_winner = choice.has_kind(CPU)
        is_needed = not kind.is_counter and not has_winner
        is_wanted = is_needed or (kind.is_cross_check and has_winner)
        if is_wanted and kind.name not in open_already and may_be_there(kind, places):
            found = open_kind(kind, places if is_needed else rarely)
            choice.add(found.meters, found.unmeasured if is_needed else ())
            pollers += found.pollers
    return pollers


def _as_check(meter: Meter) -> Meter:
    """Give a second sensor an id of its own."""
    device = meter.device
    meter.device = device.replace(id=f"{device.id}@{device.meter}")
    return meter
