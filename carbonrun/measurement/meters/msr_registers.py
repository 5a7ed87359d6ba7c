"""The energy registers of x86 processors and their units. Pure.

What is known of a processor by vendor, family and model, and nothing that can be read from it: the
unit is a field of a register and is never assumed, except where a register is documented to have
another unit than that field says.

Source: Intel SDM vol. 4, MSR_RAPL_POWER_UNIT and the *_ENERGY_STATUS registers; AMD PPR for family
17h, RAPL_PWR_UNIT and PKG_ENERGY_STAT; Linux, arch/x86/events/rapl.c (which models have a DRAM unit
of their own and a psys unit of 1 J) and drivers/powercap/intel_rapl_common.c (Atom's unit).
"""

from __future__ import annotations

from carbonrun.measurement.model import BOARD, CPU, MEMORY
from carbonrun.record import Record

INTEL = "GenuineIntel"
AMD = ("AuthenticAMD", "HygonGenuine")
_INTEL_FAMILY = 6
_FIRST_AMD_FAMILY = 0x17

# Energy counters are the low 32 bits.
COUNTER_MAX = 0xFFFFFFFF
_UNIT_SHIFT, _UNIT_MASK = 8, 0x1F

# "15.3 microjoules" in the data sheets: servers from Haswell to Ice Lake, and Xeon Phi.
FIXED_DRAM_JOULES = 2.0**-16
_FIXED_DRAM_MODELS = (0x3F, 0x4F, 0x56, 0x55, 0x6A, 0x6C, 0x57, 0x85)
# Sapphire and Emerald Rapids count psys in whole joules.
FIXED_PSYS_JOULES = 1.0
_FIXED_PSYS_MODELS = (0x8F, 0xCF)
# Silvermont and Airmont: the field is the exponent of microjoules.
_MICROJOULE_MODELS = (0x37, 0x4A, 0x4C, 0x4D, 0x5A, 0x5D)


class Register(Record):
    """One energy counter.

    Attributes:
        number: of the register.
        kind: of the device that it counts.
        fixed_joules: its unit where that is not the one of the unit register.
    """

    number: int
    kind: str
    fixed_joules: float | None = None


class Registers(Record):
    """What a processor has.

    Attributes:
        unit_number: the register that holds the unit.
        energy: the counters; those of memory and psys may be missing on a model.
        counts_microjoules: the unit's field is an exponent of microjoules.
    """

    unit_number: int
    energy: tuple[Register, ...]
    counts_microjoules: bool = False


def registers_of(vendor: str, family: int, model: int) -> Registers | None:
    """Return the registers of a processor, None where it is not known to have any."""
    if vendor in AMD and family >= _FIRST_AMD_FAMILY:
        return Registers(unit_number=0xC0010299, energy=(Register(number=0xC001029B, kind=CPU),))
    if vendor != INTEL or family != _INTEL_FAMILY:
        return None
    dram = FIXED_DRAM_JOULES if model in _FIXED_DRAM_MODELS else None
    psys = FIXED_PSYS_JOULES if model in _FIXED_PSYS_MODELS else None
    return Registers(
        unit_number=0x606,
        energy=(
            Register(number=0x611, kind=CPU),
            Register(number=0x619, kind=MEMORY, fixed_joules=dram),
            Register(number=0x64D, kind=BOARD, fixed_joules=psys),
        ),
        counts_microjoules=model in _MICROJOULE_MODELS,
    )


def joules_per_unit(registers: Registers, register: Register, unit_value: int) -> float:
    """Return the unit of a counter.

    Args:
        registers: of the processor.
        register: the counter.
        unit_value: what the unit register holds.
    """
    if register.fixed_joules is not None:
        return register.fixed_joules
    exponent = unit_value >> _UNIT_SHIFT & _UNIT_MASK
    return 1e-6 * 2.0**exponent if registers.counts_microjoules else 2.0**-exponent
