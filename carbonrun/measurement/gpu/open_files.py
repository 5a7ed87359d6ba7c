"""Who has the file of a GPU open: a sign of use where the driver does not name processes (WSL2)."""

from __future__ import annotations

import os

from carbonrun.measurement.gpu.look import GpuProcess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from carbonrun.measurement.gpu.look import ProcessKey


def having_open(
    procfs: str, tree: Mapping[int, ProcessKey], files: Container[str]
) -> Iterator[GpuProcess]:
    """Yield the processes of ``tree`` that have one of ``files`` open; each is a guess."""
    for pid, start_ticks in tree.values():
        if any(path in files for path in _open_paths(f"{procfs}/{pid}/fd")):
            yield GpuProcess(pid=pid, start_ticks=start_ticks, is_guessed=True)


def _open_paths(folder: str) -> Iterator[str]:
    try:
        names = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return
    for name in names:
        try:
            yield os.readlink(f"{folder}/{name}")  # noqa: PTH115
        except OSError:
            continue  # it was closed meanwhile
