"""Comparing a text with the one that is kept in ``tests/golden``.

``CARBONRUN_UPDATE_GOLDEN=1`` writes what is there now instead; look at the difference before you
commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).with_name("golden")
UPDATE = "CARBONRUN_UPDATE_GOLDEN"


def assert_golden(name: str, text: str) -> None:
    """Compare a text with the golden file of this name."""
    path = FOLDER / name
    if os.environ.get(UPDATE):
        path.write_bytes(text.encode())
    expected = path.read_bytes().decode()
    assert text == expected, f"{path.name} is different; {UPDATE}=1 updates it"
