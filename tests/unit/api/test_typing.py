"""What type checkers see: mypy reads this file, and decorated functions keep their types."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

import carbonrun

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest


@carbonrun.track
def bare(count: int) -> str:
    return "x" * count


@carbonrun.track(name="given", tag={"a": 1}, json=False, intensity=44)
async def coroutine(count: int) -> str:
    return "x" * count


@carbonrun.phase("numbers")
def numbers(count: int) -> Iterator[int]:
    yield from range(count)


def joules_of(run: carbonrun.Tracker) -> float | None:
    report: carbonrun.Report | None = run.report
    return None if report is None else report.energy.joules


def test_the_public_names_are_there() -> None:
    assert set(carbonrun.__all__) <= set(dir(carbonrun))
    for name in carbonrun.__all__:
        assert getattr(carbonrun, name) is not None


def test_a_decorated_function_is_still_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARBONRUN_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("CARBONRUN_CONFIG", "/dev/null")
    text: str = bare(2) + asyncio.run(coroutine(3))
    assert text == "xxxxx"
    assert list(numbers(3)) == [0, 1, 2]
    assert (bare.__name__, coroutine.__name__, numbers.__name__) == ("bare", "coroutine", "numbers")
    assert inspect.iscoroutinefunction(coroutine)
    assert joules_of(carbonrun.Tracker()) is None
