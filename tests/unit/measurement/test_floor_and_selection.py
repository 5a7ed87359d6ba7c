from __future__ import annotations

import math

import pytest

from carbonrun.measurement.bounds import machine_bounds, tree_bounds
from carbonrun.measurement.floor import Observed, choose_floor, divide, note_floors
from carbonrun.measurement.ledger import DeviceLedger, Totals
from carbonrun.measurement.model import Device, IdleFloor, Reading, Unmeasured
from carbonrun.measurement.selection import select
from carbonrun.notes import Notes

MODEL = IdleFloor(watts=10, low_watts=4, high_watts=20, source="model")
CALIBRATED = {
    "package-0": IdleFloor(watts=6, low_watts=5.5, high_watts=6.5, source="calibrated 2026-11-25")
}


def device(device_id: str = "package-0", kind: str = "cpu", method: str = "counter") -> Device:
    return Device(
        id=device_id,
        kind=kind,
        name=device_id,
        meter="test",
        method=method,
        source="test",
        low_factor=0.9,
        high_factor=1.1,
    )


def ledger(of: Device, joules: float, readings: int = 2, floor: IdleFloor = MODEL) -> DeviceLedger:
    result = DeviceLedger(of, floor)
    for index in range(readings):
        share = index / max(1, readings - 1)
        result.add(
            Reading(
                at_seconds=10 * share,
                machine_joules=joules * share,
                machine_activity=share,
                tree_activity=share / 2,
                machine_presence=share,
                tree_presence=share / 2,
            )
        )
    return result


def test_a_given_floor_wins_by_id_and_by_family() -> None:
    seen = {"package-0": Observed(watts=5, date="2026-01-01")}
    exact = choose_floor(device(), {"package": 7, "package-0": 8}, CALIBRATED, seen, MODEL)
    family = choose_floor(device("package-1"), {"package": 7}, CALIBRATED, {}, MODEL)
    assert (exact.watts, exact.low_watts, exact.high_watts) == (8, 8, 8)
    assert family.watts == 7
    assert "--idle-watts" in exact.source


def test_a_calibrated_floor_comes_before_what_was_observed_and_modelled() -> None:
    seen = {"package-0": Observed(watts=9, date="2026-01-01")}
    floor = choose_floor(device(), {}, CALIBRATED, seen, MODEL)
    assert floor == CALIBRATED["package-0"]
    assert choose_floor(device("package-1"), {}, CALIBRATED, {}, MODEL) == MODEL


def test_less_power_that_was_observed_since_is_within_the_bounds() -> None:
    seen = {"package-0": Observed(watts=5, date="2026-12-01")}
    floor = choose_floor(device(), {}, CALIBRATED, seen, MODEL)
    assert (floor.low_watts, floor.watts, floor.high_watts) == (5, 6, 6.5)


def floor_notes(*ledgers: DeviceLedger) -> list[tuple[str, str | None]]:
    notes = Notes()
    note_floors(ledgers, notes)
    assert all((note.code, note.level) == ("idle-floor", "info") for note in notes.all())
    return [(note.message, note.hint) for note in notes.all()]


def test_where_the_floors_come_from_is_said_once_for_each_source() -> None:
    calibrated = CALIBRATED["package-0"]
    given = choose_floor(device(), {"package": 7}, {}, {}, MODEL)
    unknown = choose_floor(device(), {}, {}, {}, None)
    six = "6 W (5.5 to 6.5 W)"
    assert floor_notes(
        ledger(device(), 9, floor=calibrated),
        ledger(device("package-1"), 9, floor=calibrated),
        ledger(device("dram-0", "memory"), 9, floor=unknown),
        ledger(device("dram-1", "memory"), 9),
        ledger(device("package-2"), 9, floor=given),
        ledger(device("package-3"), 0),
        ledger(device("cpu", method="estimated"), 9),
        ledger(device("psys", "board"), 9),
    ) == [
        (f"idle floor: package-0 {six}, package-1 {six}; calibrated 2026-11-25", None),
        ("idle floor: dram-0 unknown", "`carbonrun calibrate` narrows the bounds"),
        ("idle floor: dram-1 10 W (4 to 20 W); model", "`carbonrun calibrate` narrows the bounds"),
    ]


def test_an_observed_floor_is_an_upper_bound() -> None:
    seen = {"package-0": Observed(watts=9, date="2026-01-01")}
    floor = choose_floor(device(), {}, {}, seen, MODEL)
    assert (floor.watts, floor.low_watts, floor.high_watts) == (9, 4, 9)
    assert "2026-01-01" in floor.source


def test_an_observation_under_load_does_not_replace_the_model() -> None:
    seen = {"package-0": Observed(watts=150, date="2026-01-01")}
    assert choose_floor(device(), {}, {}, seen, MODEL) == MODEL


def test_without_any_knowledge_every_floor_is_possible() -> None:
    floor = choose_floor(device(), {}, {}, {}, None)
    assert (floor.low_watts, floor.high_watts) == (0, math.inf)


def test_two_packages_share_a_modelled_floor() -> None:
    half = divide(MODEL, 2)
    assert half is not None
    assert (half.watts, half.low_watts, half.high_watts) == (5, 2, 10)
    assert divide(MODEL, 1) == MODEL
    assert divide(None, 2) is None


def test_a_counter_wins_over_a_model_of_the_same_kind() -> None:
    counter, model = ledger(device(), 100), ledger(device("cpu", method="estimated"), 90)
    memory = ledger(device("memory", "memory", "estimated"), 5)
    chosen = select([counter, model, memory], {})
    assert [each.device.id for each in chosen.billed] == ["package-0", "memory"]


def test_a_counter_that_does_not_move_is_replaced_by_the_model() -> None:
    chosen = select([ledger(device(), 0), ledger(device("cpu", method="estimated"), 9)], {})
    assert [each.device.id for each in chosen.billed] == ["cpu"]
    assert chosen.unmeasured[0].id == "package-0"
    assert "did not move" in chosen.unmeasured[0].reason


def test_an_implausible_or_unread_device_is_set_aside_with_the_reason() -> None:
    chosen = select(
        [ledger(device("dram-0", "memory"), 9), ledger(device(), 9, readings=1)],
        {"dram-0": "200 W is no power of memory"},
    )
    assert chosen.billed == ()
    assert [(u.id, u.reason) for u in chosen.unmeasured] == [
        ("dram-0", "200 W is no power of memory"),
        ("package-0", "it could not be read during the run"),
    ]


def test_a_sum_without_one_of_the_packages_is_no_measurement_of_all() -> None:
    sound, model = ledger(device("package-1"), 40), ledger(device("cpu", method="estimated"), 90)
    memory = ledger(device("dram-0", "memory"), 5)
    faulty = {"package-0": "the counter was reset"}
    chosen = select([ledger(device(), 40), sound, memory, model], faulty)
    assert [each.device.id for each in chosen.billed] == ["dram-0", "cpu"]
    assert [(u.id, u.reason) for u in chosen.unmeasured] == [
        ("package-0", "the counter was reset"),
        ("package-1", "it was counted, but package-0 was not: the model stands in for all of them"),
    ]


def test_a_package_that_never_had_a_meter_counts_as_one_that_is_missing() -> None:
    sound, model = ledger(device("package-1"), 40), ledger(device("cpu", method="estimated"), 90)
    unreadable = Unmeasured(id="package-0", kind="cpu", reason="Input/output error")
    assert [b.device.id for b in select([sound, model], {}, [unreadable]).billed] == ["cpu"]
    assert [b.device.id for b in select([sound], {}, [unreadable]).billed] == ["package-1"]
    other = unreadable.replace(id="intel-rapl:2")  # a zone without a name may be any
    assert [b.device.id for b in select([sound, model], {}, [other]).billed] == ["package-1"]


def test_board_devices_are_shown_and_not_billed() -> None:
    chosen = select([ledger(device("psys", "board"), 9), ledger(device(), 5)], {})
    assert [each.device.id for each in chosen.billed] == ["package-0"]
    assert [each.device.id for each in chosen.shown] == ["psys"]


def totals(seconds: float) -> Totals:
    return Totals(
        machine_joules=100,
        active_joules=40,
        idle_joules=10,
        low_joules=45,
        high_joules=60,
        tree_activity=1.0,
        machine_activity=2.0,
        seconds=seconds,
        readings=5,
    )


def test_bounds_take_in_sensor_floor_edges_and_resolution() -> None:
    wide = tree_bounds(device(), totals(10), activity_resolution=0.0)
    assert wide.low_joules == pytest.approx(45 * 0.9 * (1 - 0.0002))
    assert wide.high_joules == pytest.approx(60 * 1.1 * (1 + 0.0002))


def test_bounds_of_a_short_run_with_coarse_ticks_are_wider() -> None:
    fine = tree_bounds(device(), totals(10), 0.0)
    coarse = tree_bounds(device(), totals(0.05), 0.5)
    assert coarse.low_joules < fine.low_joules
    assert coarse.high_joules > fine.high_joules
    assert coarse.high_joules <= 100 * 1.1 * (1 + 0.04)


def test_bounds_widen_with_what_was_not_seen_of_the_tree() -> None:
    exact = tree_bounds(device(), totals(10), 0.0)
    missed = tree_bounds(device(), totals(10), 0.0, missed_activity=totals(10).tree_activity / 10)
    assert missed.low_joules == exact.low_joules
    assert missed.high_joules == pytest.approx(1.1 * exact.high_joules)
    most = tree_bounds(device(), totals(10), 0.0, missed_activity=1e9)
    assert most.high_joules == machine_bounds(device(), totals(10)).high_joules
