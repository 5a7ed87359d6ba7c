"""What a vendor's reader gives to the watch over all GPUs: the interface. Pure."""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Protocol

    from carbonrun.clock import Instant
    from carbonrun.measurement.gpu.look import GpuLook, ProcessKey
    from carbonrun.measurement.model import Device, Unmeasured
    from carbonrun.notes import Notes
else:
    Protocol = object


class Birth(Record):
    """A process that was seen for the first time, and its ancestors, the nearest first."""

    key: ProcessKey
    ancestors: tuple[int, ...]


class Advice(Record):
    """Something about a device that could be better; ``remedy`` is what to do, if anything."""

    id: str
    text: str
    remedy: str | None = None


class GpuSource(Protocol):
    """The GPUs of one vendor. No method waits, but :meth:`last_looks`; none raises."""

    def looks(self, now: Instant, tree: Mapping[int, ProcessKey]) -> Iterable[GpuLook]:
        """Return what was seen since the last time, in its order.

        Args:
            now: the moment.
            tree: the processes of the tree as far as they are known, by number.
        """

    def last_looks(self, now: Instant) -> Iterable[GpuLook]:
        """Return what was seen since the last time, and the energy now that the run is over."""

    def ask_last(self) -> None:
        """Ask for the last looks where they take time; :meth:`last_looks` is called soon."""

    def births(self) -> Iterable[Birth]:
        """Return processes that are new in the last looks; None if they need no telling."""

    def devices(self) -> Iterable[Device]:
        """Return all devices that looks were taken of; their facts may change meanwhile."""

    def unmeasured(self) -> Iterable[Unmeasured]:
        """Return what is there and not measured."""

    def faults(self) -> Mapping[str, str]:
        """Return why the figures of a device end too early, by its id."""

    def is_ready(self) -> bool:
        """Tell whether everything that there is was looked at by now."""

    def advice(self) -> Iterable[Advice]:
        """Return what could be better, for who asks about it."""

    def notes(self, into: Notes) -> None:
        """Add what the reader has to know."""
