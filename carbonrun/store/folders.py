"""The state directory: what is where, and that it is for its owner's eyes only."""

from __future__ import annotations

import os


def calibration_path(state_dir: str, machine_id: str | None) -> str:
    """Return where the calibration of a machine is kept."""
    return f"{state_dir}/calibration-{machine_id or 'unknown'}.json"


def floors_path(state_dir: str, machine_id: str | None) -> str:
    """Return where the idle floors that were observed on a machine are kept."""
    return f"{state_dir}/floors-{machine_id or 'unknown'}.json"


def make_private_folder(path: str) -> None:
    """Make a folder, and those above it that are missing, with mode 0700.

    Source: XDG Base Directory Specification, "Referencing this specification".

    Raises:
        OSError: it could not be made.
    """
    if os.path.isdir(path):  # noqa: PTH112
        return
    parent = os.path.dirname(path)  # noqa: PTH120
    if parent:
        make_private_folder(parent)
    try:
        os.mkdir(path, 0o700)  # noqa: PTH102
    except FileExistsError:
        if not os.path.isdir(path):  # noqa: PTH112 - another carbonrun may have been faster
            raise


def absolute(path: str | None) -> str | None:
    """Return a path that means the same to a later run; as it is where that cannot be told."""
    try:
        return None if path is None else os.path.abspath(path)  # noqa: PTH100
    except OSError:
        return path  # the working directory was deleted
