from __future__ import annotations

import subprocess
import sys
from math import log

import pytest

from benchmarks import estimate_error
from benchmarks.support import cpu_fit, servers
from carbonrun.measurement.meters import cpu_power
from carbonrun.measurement.meters.cpu_data import read_tables

TABLES = read_tables()
RESULTS = servers.read_results(estimate_error.RESULTS)
CURVES = estimate_error.curve_scores(TABLES)
SERVERS = estimate_error.server_scores(TABLES)
HELD_OUT = "ours, each machine held out"
SIMPLER = ("TDP x load", "TDP x (0.1 + 0.9 load^3)", "TDP x 0.5", "TDP x 0.85")


def bounded(scores: dict[str, estimate_error.Score]) -> list[str]:
    return [name for name, found in scores.items() if found.coverage is not None]


@pytest.mark.parametrize("name", bounded(CURVES))
def test_measured_power_is_within_the_bounds_at_nine_of_ten_points(name: str) -> None:
    assert (CURVES[name].coverage or 0) >= 0.9


@pytest.mark.parametrize("name", bounded(SERVERS))
def test_servers_at_the_wall_are_within_the_bounds_of_cpu_and_memory(name: str) -> None:
    assert (SERVERS[name].coverage or 0) >= 0.9


def test_the_model_errs_less_on_machines_held_out_than_simpler_ones_do() -> None:
    assert len(SIMPLER) == len(CURVES) - len(bounded(CURVES))
    assert CURVES[HELD_OUT].mape < 0.28
    assert all(CURVES[HELD_OUT].mape < 0.7 * CURVES[name].mape for name in SIMPLER)


def test_the_bounds_are_no_wider_than_they_need_to_be() -> None:
    assert (CURVES["ours as shipped"].width or 9) < 2
    assert (SERVERS["named CPU (no row was used to fit)"].width or 9) < 2


def test_the_shipped_figures_are_those_of_the_fit_to_all_four() -> None:
    share = servers.full_share_of_servers(RESULTS)
    fitted = estimate_error.fit_all(estimate_error.read_machines(TABLES), share)
    assert pytest.approx(fitted.full_share, abs=0.005) == cpu_power.FULL_SHARE_OF_DESIGN
    assert pytest.approx(fitted.idle_shares, abs=0.001) == cpu_power.IDLE_SHARES
    assert pytest.approx(fitted.other_idle_share, abs=0.005) == cpu_power.OTHER_IDLE_SHARE
    assert 1 / fitted.factor == pytest.approx(cpu_power.PACKAGE_LOW_FACTOR, abs=0.005)
    assert fitted.factor <= cpu_power.PACKAGE_HIGH_FACTOR


def test_the_fit_finds_the_figures_of_machines_that_are_exactly_so() -> None:
    machines = [
        cpu_fit.LoadCurve(
            name=f"{maker} {number}",
            maker=maker,
            points=tuple((u / 10, idle + (0.8 - idle) * u / 10) for u in (0, 2, 5, 10)),
        )
        for maker, idle in (("A", 0.1), ("B", 0.3))
        for number in range(2)
    ]
    found = cpu_fit.fit(machines, 0.8)
    assert found.full_share == pytest.approx(0.8)
    assert found.idle_shares == pytest.approx({"A": 0.1, "B": 0.3})
    assert found.factor == pytest.approx(1.0)


def test_a_wider_scatter_makes_a_wider_factor() -> None:
    def scattered(by: float) -> float:
        curves = [
            cpu_fit.LoadCurve(name=str(i), maker="A", points=((0.0, 0.1 * f), (1.0, 0.8 * f)))
            for i, f in enumerate((1 / by, 1.0, by))
        ]
        return cpu_fit.fit(curves, 0.8).factor

    assert log(scattered(2.0)) > 1.5 * log(scattered(1.5)) > 0


def test_the_slope_is_found_beside_a_constant_and_another_cause() -> None:
    points = [(x, z, 7 + 1.3 * x + 0.2 * z) for x in (1.0, 50.0, 90.0) for z in (0.0, 30.0, 55.0)]
    assert cpu_fit.slope(points) == pytest.approx(1.3)


def test_the_benchmark_prints_its_tables() -> None:
    result = subprocess.run(
        [sys.executable, str(estimate_error.ROOT / "benchmarks" / "estimate_error.py")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert HELD_OUT in result.stdout
    assert "coverage" in result.stdout
