"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.e2e.gpu_run import GpuMachine
from tests.e2e.pseudo_terminal import Terminal
from tests.e2e.recorder import Recorder
from tests.e2e.wrapper import Sandbox, require_carbonrun, require_tool
from tests.machine.nvml.scene import Scene, build_library

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


@pytest.fixture(scope="session")
def nvml_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the stand-in for NVIDIA's library."""
    compiler = shutil.which("cc") or require_tool("gcc")
    return build_library(tmp_path_factory.mktemp("nvml"), compiler)


@pytest.fixture
def machine(sandbox: Sandbox, nvml_library: Path, tmp_path: Path) -> GpuMachine:
    """Give the test a machine with GPUs, none so far."""
    require_carbonrun()
    return GpuMachine(sandbox, Scene(tmp_path, nvml_library))


@pytest.fixture
def terminal(sandbox: Sandbox) -> Iterator[Terminal]:
    """Give the test a terminal, nothing started on it yet."""
    place = Terminal(sandbox)
    try:
        yield place
    finally:
        sandbox.close()
        place.close()
