"""Tools of the system that tell power: where they are, and how they are run beside the command."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carbonrun.measurement.meters.background_command import Helpers
    from carbonrun.measurement.meters.tool_meter import Tool


def find_tool(names: Sequence[str], folders: Iterable[str]) -> str | None:
    """Return the path of the first tool that is in one of the folders; None if there is none."""
    paths = [os.path.join(folder, name) for folder in folders if folder for name in names]  # noqa: PTH118
    return next((path for path in paths if _is_program(path)), None)


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)  # noqa: PTH113


def background(
    words: Sequence[str], deadline_seconds: float, helpers: Helpers, most_bytes: int
) -> Tool:
    """Return a command that runs beside the measured one, as this system can do that."""
    if sys.platform == "win32":
        from carbonrun.measurement.meters.windows_command import WindowsCommand

        return WindowsCommand(words, deadline_seconds, helpers, most_bytes)
    from carbonrun.measurement.meters.background_command import BackgroundCommand

    return BackgroundCommand(words, deadline_seconds, helpers, most_bytes)
