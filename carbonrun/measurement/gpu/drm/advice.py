"""What ``carbonrun doctor`` says of a card: who can be seen on it, whether it can be used."""

from __future__ import annotations

import os

from carbonrun.measurement.gpu.source import Advice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.measurement.gpu.drm.reader import DrmDevice

UNSEEN_HINT = "run carbonrun as root, or give it CAP_SYS_PTRACE, to see who else uses it"
JOIN_GROUP = "sudo usermod -aG render,video $USER # and log in again"


def advice(device: DrmDevice, dev: str) -> Iterator[Advice]:
    """Yield what there is to know of a device that was looked at; ``dev`` has its files."""
    card = device.cards[0]
    if card.is_asleep():
        yield Advice(id=device.id, text="it sleeps and is not woken; runs read it when it is awake")
    if device.uses_compute:
        yield Advice(id=device.id, text="ROCm is in use: if shared, it is split by memory")
    if not device.is_complete:
        how = "how busy it is in all is known" if device.tells_busy else "nor how busy they keep it"
        text = f"other users' processes on it are not seen, {how}"
        yield Advice(id=device.id, text=text, remedy=UNSEEN_HINT)
    for node in _nodes(card.device, dev):
        if not os.access(node, os.R_OK | os.W_OK):
            text = f"{node} is not yours to open: programs of yours cannot use it"
            yield Advice(id=device.id, text=text, remedy=JOIN_GROUP)


def _nodes(device: str, dev: str) -> list[str]:
    """Return the files that programs use a card by, as far as they are there."""
    try:
        names = sorted(n for n in os.listdir(f"{device}/drm") if n.startswith("renderD"))  # noqa: PTH208
    except OSError:
        return []
    paths = [f"{dev}/dri/{name}" for name in names]
    return [path for path in paths if os.path.lexists(path)]
