"""RAPL through the model-specific registers that the kernel shows as ``/dev/cpu/N/msr``.

The last of the ways to RAPL: it needs root (or the device group's permission and CAP_SYS_RAWIO) and
the module ``msr``, every reading interrupts a CPU of the package, and wraps are ours to count.
Which registers there are is in :mod:`carbonrun.measurement.meters.msr_registers`.

A memory or psys register that reads zero is one that the processor or the firmware does not have.
"""

from __future__ import annotations

import os

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters import rapl_checks
from carbonrun.measurement.meters.counter import WrappingCounter
from carbonrun.measurement.meters.counter_meter import CounterMeter, compare_memory, counted_device
from carbonrun.measurement.meters.msr_registers import COUNTER_MAX, joules_per_unit, registers_of
from carbonrun.measurement.meters.sensors import NOTHING, Found
from carbonrun.measurement.meters.topology import counter_dies, vendor_and_model
from carbonrun.measurement.model import BOARD, CPU, MEMORY, Unmeasured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.meters.msr_registers import Register, Registers
    from carbonrun.measurement.meters.sensors import Places
    from carbonrun.measurement.meters.topology import Die

METER_NAME = "rapl-msr"
_FAMILY = {CPU: "package", MEMORY: "dram"}
_REGISTER_BYTES = 8


class RegisterSource:
    """One register of a die, read through whichever of its CPUs is online."""

    def __init__(self, dev: str, cpus: tuple[int, ...], register: int) -> None:
        """Read ``register`` on one of ``cpus``."""
        self._dev, self._cpus, self._register = dev, cpus, register
        self._descriptor: int | None = None

    def read(self) -> int:
        """Return the counter, its low 32 bits.

        Raises:
            ReadFailed: no CPU of the die lets us read it.
        """
        return self.read_whole() & COUNTER_MAX

    def read_whole(self) -> int:
        """Return all 64 bits of the register; see :meth:`read`."""
        failure: OSError | None = None
        for cpu in self._cpus:
            path = f"{self._dev}/cpu/{cpu}/msr"
            try:
                if self._descriptor is None:
                    self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                content = os.pread(self._descriptor, _REGISTER_BYTES, self._register)
            except OSError as error:
                self.close()
                failure = failure or error
                continue
            if len(content) == _REGISTER_BYTES:
                return int.from_bytes(content, "little")
            self.close()
        reason = "no such register" if failure is None else failure.strerror
        raise ReadFailed(f"MSR {self._register:#x}: {reason}") from failure

    def close(self) -> None:
        """Give the descriptor back."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def discover(places: Places) -> Found:
    """Return a meter for each package, its memory, and psys, as far as there are registers."""
    vendor, family, model = vendor_and_model(places.procfs)
    registers = registers_of(vendor, family, model)
    dies = counter_dies(places.sysfs, vendor)
    if registers is None or not dies:
        return NOTHING
    if not os.path.lexists(f"{places.dev}/cpu/{dies[0].cpus[0]}/msr"):
        return NOTHING
    meters: list[CounterMeter] = []
    unmeasured: list[Unmeasured] = []
    for package in sorted({die.package for die in dies}):
        inside = [die for die in dies if die.package == package]
        for register in registers.energy:
            if register.kind == BOARD and package != dies[0].package:
                continue
            made = _open(places.dev, registers, register, inside)
            if isinstance(made, CounterMeter):
                meters.append(made)
            elif made is not None:
                unmeasured.append(made)
    compare_memory(meters)
    return Found(meters=tuple(meters), unmeasured=tuple(unmeasured))


def _open(
    dev: str, registers: Registers, register: Register, dies: list[Die]
) -> CounterMeter | Unmeasured | None:
    """Return a meter of one register over the dies of a package; None if there is none."""
    kind = register.kind
    device_id = "psys" if kind == BOARD else f"{_FAMILY[kind]}-{dies[0].package}"
    dies = dies[:1] if kind == BOARD else dies
    sources = [RegisterSource(dev, die.cpus, register.number) for die in dies]
    unit = RegisterSource(dev, dies[0].cpus, registers.unit_number)
    try:
        values = [source.read() for source in sources]
        joules = joules_per_unit(registers, register, unit.read_whole())
    except ReadFailed as error:
        for source in sources:
            source.close()
        return _refusal(device_id, kind, error)
    finally:
        unit.close()
    if kind != CPU and not any(values):
        for source in sources:
            source.close()
        return None
    where = ",".join(str(die.cpus[0]) for die in dies)
    most_watts = rapl_checks.most_watts(kind, ())
    return CounterMeter(
        counted_device(
            device_id, kind, METER_NAME, f"RAPL MSR {register.number:#x} on CPU {where}"
        ),
        sources,
        [WrappingCounter(COUNTER_MAX, most_watts, joules) for _ in sources],
    )


def _refusal(device_id: str, kind: str, error: ReadFailed) -> Unmeasured | None:
    """Return why a register is not read; None for one that need not be there."""
    if not isinstance(error.__cause__, PermissionError):
        return Unmeasured(id=device_id, kind=kind, reason=str(error)) if kind == CPU else None
    return Unmeasured(
        id=device_id,
        kind=kind,
        reason=f"{error} (/dev/cpu/*/msr is for root with CAP_SYS_RAWIO)",
        hint="run as root: sudo carbonrun ... ; in a container: docker run --privileged ... ; "
        "powercap or perf need less, see `carbonrun doctor`",
    )
