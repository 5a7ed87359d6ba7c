from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

from carbonrun.measurement.meters import order
from carbonrun.measurement.meters.counter_meter import CounterMeter, counted_device
from carbonrun.measurement.meters.order import ORDER, Choice
from carbonrun.measurement.model import Unmeasured
from carbonrun.report.summary import _METERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonrun.measurement.model import Meter


def meter(device_id: str, kind: str, name: str = "rapl-perf") -> CounterMeter:
    return CounterMeter(counted_device(device_id, kind, name, "test"), [], [])


def row(device_id: str, reason: str, kind: str = "cpu") -> Unmeasured:
    return Unmeasured(id=device_id, kind=kind, reason=reason)


def ids(meters: Iterable[Meter]) -> list[str]:
    return [f"{each.device.id} {each.device.meter}" for each in meters]


def test_the_table_of_the_docstring_is_the_order() -> None:
    told = re.findall(r"^(\d) +(\S+) ", order.__doc__ or "", re.MULTILINE)
    names = [(str(rank), kind.name) for rank, kind in enumerate(ORDER, 1)]
    assert told[:-1] == names
    assert told[-1] == (str(len(ORDER) + 1), "(the")


def test_each_kind_has_a_module_that_discovers() -> None:
    for kind in ORDER:
        module = importlib.import_module(kind.module)
        assert callable(module.discover)
        assert kind.name == module.METER_NAME


def test_the_summary_has_a_word_for_each_kind() -> None:
    assert {kind.name for kind in ORDER} <= set(_METERS)


def test_the_first_of_a_device_wins_and_the_next_is_second() -> None:
    choice = Choice()
    choice.add([meter("package-0", "cpu", "a")], [row("package-1", "denied")])
    choice.add([meter("package-0", "cpu", "b"), meter("package-1", "cpu", "b")], [])
    assert ids(choice.meters) == ["package-0 a", "package-1 b"]
    assert ids(choice.second) == ["package-0 b"]
    assert choice.unmeasured() == []


def test_all_cpus_together_are_no_further_package() -> None:
    choice = Choice()
    choice.add([meter("package-0", "cpu"), meter("cpu", "cpu", "cray")], [])
    assert ids(choice.second) == ["cpu cray"]
    other = Choice()
    other.add([meter("cpu", "cpu", "cray")], [])
    other.add([meter("package-0", "cpu"), meter("dram-0", "memory")], [])
    assert ids(other.second) == ["package-0 rapl-perf"]
    assert ids(other.meters) == ["cpu cray", "dram-0 rapl-perf"]


def test_the_first_reason_of_what_is_not_metered_stays() -> None:
    choice = Choice()
    choice.add([], [row("package-0", "first"), row("dram-0", "first", "memory")])
    choice.add([], [row("package-0", "second"), row("psys", "second", "board")])
    choice.add([meter("package-0", "cpu")], [])
    assert [(each.id, each.reason) for each in choice.unmeasured()] == [
        ("dram-0", "first"),
        ("psys", "second"),
    ]


def test_no_zones_is_no_news_where_there_is_another_sensor() -> None:
    choice = Choice()
    choice.add([], [row("cpu", "no zones")])
    assert [each.id for each in choice.unmeasured()] == ["cpu"]
    choice.add([meter("package-0", "cpu")], [])
    assert choice.unmeasured() == []
