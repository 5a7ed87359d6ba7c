"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.pseudo_terminal import Terminal
from tests.e2e.recorder import Recorder
from tests.e2e.wrapper import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Give the test its place, and end whatever it has left running."""
    place = Sandbox(tmp_path)
    try:
        yield place
    finally:
        place.close()


@pytest.fixture
def recorder(sandbox: Sandbox) -> Recorder:
    """Give the test a command that records signals."""
    return Recorder(sandbox.work)


@pytest.fixture
def terminal(sandbox: Sandbox) -> Iterator[Terminal]:
    """Give the test a terminal, nothing started on it yet."""
    place = Terminal(sandbox)
    try:
        yield place
    finally:
        sandbox.close()
        place.close()
