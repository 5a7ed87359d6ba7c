from __future__ import annotations

import pytest

from carbonrun.errors import UsageError
from carbonrun.intensity.model import DIRECT, LIFECYCLE, IntensityUnavailable, Provider
from carbonrun.intensity.providers.bundled import BundledProvider
from carbonrun.intensity.providers.constant import ConstantProvider, check_g_per_kwh


def test_the_bundled_mean_stands_for_any_time() -> None:
    provider: Provider = BundledProvider()
    (point,) = provider.series("FR", 0.0, 1e10)
    assert (point.start_unix_seconds, point.end_unix_seconds) == (None, None)
    assert (point.g_per_kwh, point.basis, point.signal) == (44.18, LIFECYCLE, "average")
    assert (point.kind, point.year, point.grid_zone) == ("annual", 2024, "FR")
    assert (point.provider, point.source) == ("bundled", "Ember 2024")
    assert point.attribution == "Ember, Yearly Electricity Data (CC-BY-4.0)"
    assert point.licence == "CC-BY-4.0"


@pytest.mark.parametrize("zone", ["AD", "GB-13", "aws:eu-west-3", "zone", ""])
def test_the_bundled_table_answers_for_its_own_zones_only(zone: str) -> None:
    with pytest.raises(IntensityUnavailable) as caught:
        BundledProvider().series(zone, 0.0, 1.0)
    assert caught.value.reason == f"there is no annual mean for {zone} in the bundled table"
    assert caught.value.hint


def test_a_basis_that_is_missing_is_not_replaced_by_the_other() -> None:
    with pytest.raises(IntensityUnavailable, match="no direct annual mean for FR"):
        BundledProvider(DIRECT).series("FR", 0.0, 1.0)


def test_a_constant_is_what_was_given() -> None:
    (point,) = ConstantProvider(12.5).series(None, 0.0, 1.0)
    assert (point.low_g_per_kwh, point.g_per_kwh, point.high_g_per_kwh) == (12.5, 12.5, 12.5)
    assert (point.basis, point.signal, point.kind) == (None, None, "constant")


@pytest.mark.parametrize("figure", [0.0, 1e-9, 5e3])
def test_constants_from_zero_up_are_good(figure: float) -> None:
    assert check_g_per_kwh(figure) == figure


@pytest.mark.parametrize("figure", [-1.0, -1e-9, float("nan"), float("inf"), float("-inf")])
def test_other_constants_are_refused(figure: float) -> None:
    with pytest.raises(UsageError, match="bad carbon intensity") as caught:
        ConstantProvider(figure)
    assert caught.value.hint
