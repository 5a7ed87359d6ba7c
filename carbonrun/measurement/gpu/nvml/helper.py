"""The helper's program: looks at every NVIDIA GPU twice a second, and writes what it sees.

Started as ``python -I -S helper.py bound|unbound PATH...`` with carbonrun's own search path; if it
is bound to the thread that starts it, the kernel ends it with that. It ends when its
standard input does, which happens however carbonrun ends; asked to finish it reads the energy of
each GPU once more. Where the pipe is full it goes on and writes less: all figures are cumulative.
"""

from __future__ import annotations

import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.gpu.nvml.devices import Devices

PERIOD_SECONDS = 0.5
# The first looks come faster: a short run has some too.
FIRST_PERIODS_SECONDS = (0.1, 0.2, 0.2)
# Looks take so much of the time at the most, however slow the driver is.
MOST_SHARE = 0.5
_OUTPUT = 1
# Source: linux/prctl.h.
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


class Helper:
    """Looks, and writes."""

    def __init__(self, descriptor: int) -> None:
        """Write to a descriptor that does not block."""
        from carbonrun.compact_json import dumps

        self._descriptor = descriptor
        self._dumps = dumps
        self._rest = b""
        self._facts: dict[str, object] = {}

    def say(self, *line: object) -> None:
        """Write a line."""
        self._rest += (self._dumps(list(line)) + "\n").encode()
        self._flush()

    def run(self) -> None:
        """Find the GPUs, and look at them until nobody listens any more."""
        from carbonrun.errors import MeterUnavailable
        from carbonrun.measurement.gpu.nvml.devices import Devices
        from carbonrun.measurement.gpu.nvml.protocol import DRIVER, NONE

        try:
            devices = Devices("/proc", time.time)
        except MeterUnavailable as error:
            self.say(NONE, error.reason, error.hint)
            return
        if devices.all or devices.lost:
            self.say(DRIVER, devices.driver_version, devices.lost)
        if not devices.all:
            self.say(NONE, None, None)
            return
        self._watch(devices)

    def _watch(self, devices: Devices) -> None:
        pauses = list(FIRST_PERIODS_SECONDS)
        while True:
            began = time.monotonic()
            if self._look(devices, began):
                self._finish(devices)
                return
            took = time.monotonic() - began
            period = pauses.pop(0) if pauses else PERIOD_SECONDS
            end = began + max(period, took / MOST_SHARE)
            if self._is_asked(max(0.0, end - time.monotonic())):
                self._finish(devices)
                return

    def _look(self, devices: Devices, now_seconds: float) -> bool:
        """Look at all; tell whether the last looks were asked for meanwhile."""
        from carbonrun.measurement.gpu.nvml.protocol import BORN, DEVICE, LOOK, look_row

        ids = {device.id for device in devices.all}
        devices.identities.begin(now_seconds)
        for device in devices.all:
            if self._facts.keys() >= ids and self._is_asked(0.0):
                return True
            look = device.look(time.monotonic())
            facts = device.facts()
            if self._facts.get(device.id) != facts:
                self._facts[device.id] = facts
                self.say(DEVICE, facts)
            for (pid, start_ticks), ancestors in devices.identities.born:
                self.say(BORN, pid, start_ticks, ancestors)
            devices.identities.born.clear()
            if not self._rest:  # else it is still full of what nobody has read
                self.say(LOOK, look_row(look))
        return False

    def _finish(self, devices: Devices) -> None:
        from carbonrun.measurement.gpu.nvml.protocol import END, LOOK, look_row

        os.set_blocking(self._descriptor, True)
        for device in devices.all:
            self.say(LOOK, look_row(device.last_look(time.monotonic())))
        self.say(END)

    def _is_asked(self, seconds: float) -> bool:
        """Wait; tell whether the last looks are asked for. Exits where nobody listens."""
        if not select.select([0], [], [], seconds)[0]:
            return False
        if not os.read(0, 16):
            os._exit(0)  # without the library's own clean-up, which may hang
        return True

    def _flush(self) -> None:
        while self._rest:
            try:
                written = os.write(self._descriptor, self._rest)
            except BlockingIOError:
                return
            self._rest = self._rest[written:]


def die_with_parent() -> None:
    """Ask the kernel to end this process with its parent, even inside of a call that hangs."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    except (ImportError, OSError, AttributeError):
        pass  # then it ends when its input does


def be_the_first_to_go() -> None:
    """Where memory runs out the kernel shall end this process and not the command.

    Source: proc_pid_oom_score_adj(5).
    """
    try:
        descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.write(descriptor, b"1000")
    except OSError:
        pass
    os.close(descriptor)


def main() -> None:
    """Keep the pipe for ourselves: libraries may print to the standard output."""
    parent, bond = os.getppid(), sys.argv[1]
    if bond == "bound":
        die_with_parent()
    if os.getppid() != parent:
        return
    be_the_first_to_go()
    sys.path[:] = sys.argv[2:]
    descriptor = os.dup(_OUTPUT)
    os.dup2(2, _OUTPUT)
    os.set_blocking(descriptor, False)
    helper = Helper(descriptor)
    try:
        helper.run()
    except BrokenPipeError:
        pass
    except Exception as error:  # noqa: BLE001 - whoever listens should know
        helper.say("none", f"{type(error).__name__}: {error}", None)
    os._exit(0)


if __name__ == "__main__":
    main()
