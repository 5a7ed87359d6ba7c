"""NVIDIA's GPUs as a source of looks: what the helper says, and what is done when it is silent.

It is started once more if it ends or is silent for too long; after that its GPUs are not measured,
and the reason is told. Its counters go on where they were.
"""

from __future__ import annotations

import json

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.gpu.nvml import protocol
from carbonrun.measurement.gpu.nvml.advice import advice
from carbonrun.measurement.gpu.nvml.facts import device_of, notes_of
from carbonrun.measurement.gpu.open_files import having_open
from carbonrun.measurement.gpu.source import Birth
from carbonrun.measurement.model import GPU, Unmeasured
from carbonrun.measurement.tree.procstat import OWN_PROCFS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from carbonrun.clock import Instant
    from carbonrun.measurement.gpu.look import GpuLook, ProcessKey
    from carbonrun.measurement.gpu.nvml.process import HelperProcess
    from carbonrun.measurement.gpu.source import Advice
    from carbonrun.measurement.model import Device
    from carbonrun.notes import Notes

# To load a driver that is not kept loaded takes some seconds for each GPU.
START_SECONDS = 30.0
# It looks twice a second, and each GPU has a line of its own.
SILENT_SECONDS = 3.0
# So much of the time between two looks counts as silence at the most.
MOST_TICK_SECONDS = 1.0
# How long the end of the run may wait for the last looks.
LAST_SECONDS = 0.6
MOST_STARTS = 2
# A driver that was asked for so long without an answer was not asked too late.
LONG_SECONDS = 1.0
ALL = "nvidia"
# Of all GPUs under WSL2.
WSL_FILE = "/dev/dxg"
TOO_EARLY = "the run was over before the driver could be asked"
ABORTED = "NVIDIA's driver library has ended the process that called it"


class NvmlSource:
    """The helper and what it has told."""

    def __init__(
        self, process: HelperProcess, start: Callable[[], HelperProcess], *, is_likely: bool = True
    ) -> None:
        """Listen to the helper.

        Args:
            process: the helper.
            start: starts another one, if it must be.
            is_likely: there is more than an installed library: to hear nothing is worth a word.
        """
        self._start = start
        self._is_likely = is_likely
        self._starts = 1
        self._process = process
        self._heard_at_seconds: float | None = None
        self._asked_at_seconds: float | None = None
        self._has_spoken = False
        self._is_over = self._is_asked = False
        self._facts: dict[str, dict[str, Any]] = {}
        self._devices: dict[str, Device] = {}
        self._births: list[Birth] = []
        self._lost: tuple[str, ...] = ()
        self._none: tuple[str | None, str | None] | None = None
        self._has_looked = self._has_round = False
        self._looked: set[str] = set()
        self._fault: str | None = None
        self._faults_before: list[str] = []

    def looks(self, now: Instant, tree: Mapping[int, ProcessKey]) -> tuple[GpuLook, ...]:
        """Return what it saw since the last time; start it again if it is silent or gone."""
        if self._is_over or self._is_asked:
            return ()
        looks = tuple(self._named(look, tree) for look in self._read(now.monotonic_seconds))
        fault = self._silence(now.monotonic_seconds)
        if fault is not None and not self._is_over:
            self._restart(fault)
        return looks

    def last_looks(self, now: Instant) -> tuple[GpuLook, ...]:
        """Return what it saw since the last time, and the energy at the end; ends it."""
        if self._is_over:
            return ()
        looks = self._read(now.monotonic_seconds)
        if not self._is_over:
            looks += self._last(now.monotonic_seconds)
        self._is_over = True
        self._process.close()
        return looks

    def ask_last(self) -> None:
        """Ask for the last looks, to be taken with :meth:`last_looks` soon."""
        if not self._is_over and not self._is_asked:
            self._is_asked = True
            self._process.write(protocol.FINISH)

    def births(self) -> tuple[Birth, ...]:
        """Return processes that are new."""
        born, self._births = tuple(self._births), []
        return born

    def devices(self) -> tuple[Device, ...]:
        """Return the GPUs that were described."""
        return tuple(self._devices.values())

    def unmeasured(self) -> tuple[Unmeasured, ...]:
        """Return what of the driver's there is without looks, and why."""
        rows = [Unmeasured(id=f"{ALL}-{text[4:5]}", kind=GPU, reason=text) for text in self._lost]
        if self._none is not None and self._none[0] is not None:
            rows.append(Unmeasured(id=ALL, kind=GPU, reason=self._none[0], hint=self._none[1]))
        elif not self._facts and not self._lost:
            reason = self._fault or (self._unanswered() if self._is_likely else None)
            if reason is not None:
                rows.append(Unmeasured(id=ALL, kind=GPU, reason=reason))
        return tuple(rows)

    def faults(self) -> dict[str, str]:
        """Return why there are no more looks, by GPU; empty while there are."""
        return {} if self._fault is None else dict.fromkeys(self._facts, self._fault)

    def is_ready(self) -> bool:
        """Tell whether each GPU was looked at, or nothing more will come."""
        return self._is_over or self._has_round

    def advice(self) -> tuple[Advice, ...]:
        """Return what could be better."""
        return tuple(each for facts in self._facts.values() for each in advice(facts))

    def notes(self, into: Notes) -> None:
        """Say what the figures rest on, where it is not the best."""
        for fault in self._faults_before:
            message = f"the helper that asks NVIDIA's driver was started again: {fault}"
            into.warn("gpu-helper-restarted", message)
        for facts in self._facts.values():
            notes_of(facts, into)

    def _named(self, look: GpuLook, tree: Mapping[int, ProcessKey]) -> GpuLook:
        """Name who has the GPU's file open, where the driver names nobody."""
        if look.processes is not None or not look.was_listed:
            return look
        files = (self._facts[look.device_id]["file"], WSL_FILE)
        found = tuple(having_open(OWN_PROCFS, tree, files))
        return look.replace(processes=found, is_complete=False, use=None) if found else look

    def _last(self, now_seconds: float) -> tuple[GpuLook, ...]:
        """Wait for the last looks, not for long."""
        if not self._has_looked:
            if self._is_likely or self._has_spoken:
                self._fault = self._unanswered(now_seconds) or TOO_EARLY
            return ()
        self.ask_last()
        looks: tuple[GpuLook, ...] = ()
        end_seconds = now_seconds + LAST_SECONDS
        while not self._is_over and not self._process.has_ended:
            if not self._process.wait(end_seconds):
                self._fault = _no_answer(LAST_SECONDS)
                return looks
            looks += self._read(end_seconds)
        if not self._is_over:
            self._fault = ABORTED
        return looks

    def _unanswered(self, now_seconds: float | None = None) -> str | None:
        """Return that nothing was said for long, None if it was or was not long."""
        asked, heard = now_seconds or self._asked_at_seconds, self._heard_at_seconds
        if self._is_over or self._has_looked or asked is None or heard is None:
            return None
        waited_seconds = asked - heard
        return _no_answer(waited_seconds) if waited_seconds >= LONG_SECONDS else None

    def _read(self, now_seconds: float) -> tuple[GpuLook, ...]:
        """Take all lines that have come."""
        lines = self._process.lines()
        if lines:
            self._heard_at_seconds, self._has_spoken = now_seconds, True
        looks: list[GpuLook] = []
        try:
            for line in lines:
                self._take(json.loads(line), looks)
        except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
            self._end(f"the helper said what makes no sense ({error})")
        return tuple(looks)

    def _take(self, message: list[Any], looks: list[GpuLook]) -> None:
        kind = message[0]
        if kind == protocol.LOOK:
            look = protocol.look_of(message[1])
            if look.device_id in self._facts:
                self._has_round = self._has_round or look.device_id in self._looked
                self._looked.add(look.device_id)
                self._has_looked = True
                looks.append(look)
        elif kind == protocol.BORN:
            _, pid, start_ticks, ancestors = message
            key = (int(pid), int(start_ticks))
            self._births.append(Birth(key=key, ancestors=tuple(map(int, ancestors))))
        elif kind == protocol.DEVICE:
            facts = dict(message[1])
            device = device_of(facts)
            self._facts[device.id], self._devices[device.id] = facts, device
        elif kind == protocol.DRIVER:
            self._lost = tuple(map(str, message[2]))
        elif kind == protocol.NONE:
            self._none = (message[1], message[2])
            self._end(message[1])
        elif kind == protocol.END:
            self._end(None)

    def _end(self, fault: str | None) -> None:
        self._is_over = True
        self._fault = fault
        self._process.close()

    def _silence(self, now_seconds: float) -> str | None:
        """Return what is wrong with the helper, None if nothing is."""
        if self._process.has_ended:
            return ABORTED
        if self._heard_at_seconds is None:
            self._heard_at_seconds = now_seconds
        # Where we were held up ourselves (a job that is suspended), the helper was too.
        passed_seconds = now_seconds - (self._asked_at_seconds or now_seconds)
        self._heard_at_seconds += max(0.0, passed_seconds - MOST_TICK_SECONDS)
        self._asked_at_seconds = now_seconds
        most_seconds = SILENT_SECONDS if self._has_spoken else START_SECONDS
        if now_seconds - self._heard_at_seconds <= most_seconds:
            return None
        return _no_answer(most_seconds)

    def _restart(self, fault: str) -> None:
        self._process.close()
        if self._starts >= MOST_STARTS:
            self._end(fault)
            return
        self._starts += 1
        self._faults_before.append(fault)
        self._heard_at_seconds, self._has_spoken = None, False
        try:
            self._process = self._start()
        except MeterUnavailable as error:
            self._end(error.reason)


def _no_answer(seconds: float) -> str:
    return f"NVIDIA's driver gave no answer within {seconds:.2g} s"
