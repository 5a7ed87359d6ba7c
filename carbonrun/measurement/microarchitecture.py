"""Which microarchitecture a CPU has, from the numbers that it reports itself. Pure.

Virtual machines often hide the product name ("Intel(R) Xeon(R) Processor") but not family and
model. Responsible for these two numbers and for ARM's implementer and part; the names returned
are those of the table of watts per CPU. Not responsible for product names: see ``cpu_tables``.

Source: Linux, ``arch/x86/include/asm/intel-family.h``, ``arch/x86/kernel/cpu/amd.c`` and
``arch/arm64/include/asm/cputype.h``.
"""

from __future__ import annotations

INTEL = "GenuineIntel"
AMD = "AuthenticAMD"

_INTEL_FAMILY_6 = {
    42: "Sandy Bridge",
    45: "Sandy Bridge",
    58: "Ivy Bridge",
    62: "Ivy Bridge",
    60: "Haswell",
    63: "Haswell",
    69: "Haswell",
    70: "Haswell",
    61: "Broadwell",
    71: "Broadwell",
    79: "Broadwell",
    86: "Broadwell",
    78: "Skylake",
    94: "Skylake",
    85: "Skylake",
    142: "Coffee Lake",
    158: "Coffee Lake",
    106: "Ice Lake",
    108: "Ice Lake",
    125: "Ice Lake",
    126: "Ice Lake",
    143: "Sapphire Rapids",
    207: "Emerald Rapids",
    173: "Granite Rapids",
    174: "Granite Rapids",
}
# Model 85 is three generations; from this stepping on it is Cascade Lake (or Cooper Lake, which
# has no figures of its own).
_INTEL_MODEL_SKYLAKE_SERVER = 85
_CASCADE_LAKE_STEPPING = 5

# family -> (first model, last model, name); server parts only.
_AMD_RANGES = {
    23: ((0x00, 0x0F, "EPYC 1st Gen"), (0x30, 0x3F, "EPYC 2nd Gen")),
    25: (
        (0x00, 0x0F, "EPYC 3rd Gen"),
        (0x10, 0x1F, "EPYC 4th Gen"),
        (0xA0, 0xAF, "EPYC 4th Gen"),
    ),
    26: ((0x00, 0x1F, "EPYC 5th Gen"),),
}

# (implementer, part) -> (name of the core, row of the table of watts or None).
_ARM_CORES: dict[tuple[str, str], tuple[str, str | None]] = {
    ("0x41", "0xd0c"): ("Neoverse-N1", "Neoverse N1"),
    ("0x41", "0xd40"): ("Neoverse-V1", "Graviton3"),
    ("0x41", "0xd49"): ("Neoverse-N2", "Graviton4"),
    ("0x41", "0xd4f"): ("Neoverse-V2", "Graviton4"),
    ("0x41", "0xd03"): ("Cortex-A53", None),
    ("0x41", "0xd07"): ("Cortex-A57", None),
    ("0x41", "0xd08"): ("Cortex-A72", None),
    ("0x41", "0xd0b"): ("Cortex-A76", None),
    ("0xc0", "0xac3"): ("AmpereOne", None),
    ("0xc0", "0xac4"): ("AmpereOne", None),
}


def arm_core_name(implementer: str, part: str) -> str | None:
    """Return the name of an ARM core, None if it is not known; Apple does not number its cores."""
    if implementer == "0x61":
        return "Apple Silicon"
    known = _ARM_CORES.get((implementer, part))
    return known[0] if known else None


def microarchitecture(
    vendor: str, family: int | None, model: int | None, stepping: int | None, part: str | None
) -> str | None:
    """Return the row of the table of watts for a CPU, None if there is none for it.

    Args:
        vendor: x86's ``vendor_id`` or ARM's ``CPU implementer``.
        family: x86's ``cpu family``.
        model: x86's ``model``.
        stepping: x86's ``stepping``.
        part: ARM's ``CPU part``.
    """
    if vendor == INTEL and family == 6 and model is not None:  # noqa: PLR2004 - the one family
        if model == _INTEL_MODEL_SKYLAKE_SERVER and (stepping or 0) >= _CASCADE_LAKE_STEPPING:
            return "Cascade Lake"
        return _INTEL_FAMILY_6.get(model)
    if vendor == AMD and family is not None and model is not None:
        for first, last, name in _AMD_RANGES.get(family, ()):
            if first <= model <= last:
                return name
    if part is not None:
        return _ARM_CORES.get((vendor, part), (None, None))[1]
    return None
