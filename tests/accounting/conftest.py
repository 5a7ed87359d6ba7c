"""Fixtures of the accounting tests: real processes, the real kernel."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.machine.measured_run import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Give the test a place to run carbonrun in, beside somebody else."""
    place = Bench(tmp_path)
    yield place
    place.close()


@pytest.fixture
def group_bench(bench: Bench) -> Bench:
    """Give the test a place that has a control group."""
    if bench.group is None:
        unavailable("no control group of version 2 can be made")
    return bench


@pytest.fixture
def lonely_bench(tmp_path: Path) -> Iterator[Bench]:
    """Give the test a control group with nobody else in it."""
    place = Bench(tmp_path, is_alone=True)
    if place.group is None:
        unavailable("no control group of version 2 can be made")
    yield place
    place.close()


def unavailable(reason: str) -> NoReturn:
    """Skip the test; in CI, where everything must be there, let it fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
