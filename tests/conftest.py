"""What holds for all tests."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import settings

# Tests run side by side on machines that have other things to do: an example that takes longer
# than another time is no fault.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# Tests that a script starts with ``&`` or ``nohup`` would ignore these, and all that they start.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

# Tests in these folders measure real processes in real time. A machine that holds them up for a
# moment proves nothing, so they are tried once more; what fails twice has failed. ``--force-reruns
# 0`` shows all of it.
MEASURED = ("accounting", "e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give those that measure a second try."""
    tests = Path(__file__).parent
    for item in items:
        if item.path.relative_to(tests).parts[0] in MEASURED:
            item.add_marker(pytest.mark.flaky(reruns=1))
