"""What the kernel tells of one open file of a graphics driver (``/proc/PID/fdinfo/FD``). Pure.

Responsible for understanding one such text. Not responsible for reading it, for adding up what
several files of the same client say, or for values that step back
(:mod:`carbonrun.measurement.gpu.drm.clients`).

Source: Linux, ``Documentation/gpu/drm-usage-stats.rst``; for ``drm-cycles`` and
``drm-total-cycles`` also ``drivers/gpu/drm/xe/xe_drm_client.c``.
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = b"drm-driver:"
_NANO = 1e-9
_UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
# Memory of the card itself, as drivers name it ("vram0" and so on, where there are several); all
# else (gtt, system, stolen, cpu) is the machine's.
_CARD_REGIONS = ("vram", "local")
_DIGITS = "0123456789"
_ENGINE, _CAPACITY = "drm-engine-", "drm-engine-capacity-"
_CYCLES, _TOTAL_CYCLES = "drm-cycles-", "drm-total-cycles-"
_RESIDENT, _MEMORY = "drm-resident-", "drm-memory-"


class Engine(Record):
    """How busy one kind of engine was for a client, cumulative.

    Attributes:
        busy_seconds: of all engines of the kind together; None if the driver tells cycles only.
        cycles, total_cycles: how long it was busy, and the clock that this is counted in.
        capacity: how many such engines the card has, 1 or more.
    """

    busy_seconds: float | None
    cycles: int | None = None
    total_cycles: int | None = None
    capacity: int = 1


class ClientText(Record):
    """One client as a file describes it.

    Attributes:
        driver: that of the card, as in ``amdgpu``, ``i915``, ``xe``.
        card: the PCI address, as in ``0000:03:00.0``; None for what is not on PCI.
        client_id: the same for all files that share the client; None with old drivers.
        engines: by name; empty where the driver tells nothing of them.
        memory_bytes: held on the card itself; None with kernels that do not tell memory.
    """

    driver: str
    card: str | None
    client_id: int | None
    engines: Mapping[str, Engine]
    memory_bytes: int | None

    @property
    def is_in_use(self) -> bool:
        """Tell whether more was done with the file than to open it, to see what there is."""
        work = sum(e.busy_seconds or e.cycles or 0 for e in self.engines.values())
        return work > 0 or bool(self.memory_bytes)


def parse_fdinfo(content: bytes) -> ClientText | None:
    """Return the client; None for a file that is not of a graphics driver.

    Lines that make no sense are passed over: a driver may have keys of its own.
    """
    if MARK not in content:
        return None
    pairs: dict[str, str] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        key, colon, value = line.partition(":")
        if colon and key.startswith("drm-"):
            pairs.setdefault(key, value.strip())
    driver = pairs.get("drm-driver")
    if not driver:
        return None
    client_id = _number(pairs.get("drm-client-id", ""))
    return ClientText(
        driver=driver,
        card=pairs.get("drm-pdev", "").lower() or None,
        client_id=client_id,
        engines=_engines(pairs),
        memory_bytes=_memory_bytes(pairs),
    )


def _engines(pairs: Mapping[str, str]) -> dict[str, Engine]:
    names: dict[str, None] = {}
    for key in pairs:
        for prefix in (_ENGINE, _CYCLES):
            if key.startswith(prefix) and not key.startswith(_CAPACITY):
                names[key[len(prefix) :]] = None
    engines = {}
    for name in names:
        nanoseconds = _number(pairs.get(_ENGINE + name, ""), "ns")
        cycles = _number(pairs.get(_CYCLES + name, ""))
        if nanoseconds is None and cycles is None:
            continue
        engines[name] = Engine(
            busy_seconds=None if nanoseconds is None else nanoseconds * _NANO,
            cycles=cycles,
            total_cycles=_number(pairs.get(_TOTAL_CYCLES + name, "")),
            capacity=max(1, _number(pairs.get(_CAPACITY + name, "")) or 1),
        )
    return engines


def _number(text: str, unit: str = "") -> int | None:
    """Return a number that is followed by ``unit``, or by nothing; None if it is not one."""
    digits, _, rest = text.partition(" ")
    if not (digits.isascii() and digits.isdigit()) or rest.strip() not in ("", unit):
        return None
    return int(digits)


def _memory_bytes(pairs: Mapping[str, str]) -> int | None:
    """Return the sum over regions: what is resident, else what is held (older kernels)."""
    regions: dict[str, int] = {}
    for prefix in (_MEMORY, _RESIDENT):  # the second is the better one
        for key, value in pairs.items():
            size = _bytes(value) if key.startswith(prefix) else None
            if size is not None:
                regions[key[len(prefix) :]] = size
    if not regions:
        return None
    return sum(size for name, size in regions.items() if name.rstrip(_DIGITS) in _CARD_REGIONS)


def _bytes(text: str) -> int | None:
    digits, _, unit = text.partition(" ")
    scale = _UNITS.get(unit.strip())
    if scale is None or not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) * scale
