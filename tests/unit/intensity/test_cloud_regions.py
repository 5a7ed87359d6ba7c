"""Cloud regions: grid, power and water usage effectiveness."""

from __future__ import annotations

import pytest

from carbonrun.intensity.cloud_regions import (
    OF_PROVIDER,
    OF_REGION,
    OF_ZONES,
    PROVIDER_NAMES,
    CloudRegion,
    cloud_region,
    cloud_regions,
    search_regions,
)
from carbonrun.intensity.providers.bundled import BundledProvider
from carbonrun.intensity.zones import canonical_zone, find_zone, search_zones

REGIONS = cloud_regions()


@pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.code)
def test_every_region_is_a_zone_with_plausible_figures(region: CloudRegion) -> None:
    assert region.provider in PROVIDER_NAMES
    assert find_zone(region.code).parent == region.grid_zone
    assert region.place
    if region.pue is not None:
        assert 1 < region.pue.low <= region.pue.value <= region.pue.high < 2
    if region.wue_litres_per_kwh is not None:
        water = region.wue_litres_per_kwh
        assert 0 < water.low <= water.value <= water.high < 6


def test_every_cloud_region_that_may_be_named_is_in_the_table() -> None:
    named = {zone.code for zone in search_zones("") if zone.is_cloud_region}
    assert {region.code for region in REGIONS} == named


@pytest.mark.parametrize(
    ("text", "zone", "pue", "of"),
    [
        ("aws:eu-west-3", "FR", 1.15, OF_PROVIDER),
        ("aws:eu-central-1", "DE", 1.35, OF_REGION),
        ("azure:northeurope", "IE", 1.18, OF_REGION),
        ("gcp:europe-west1", "BE", 1.08, OF_REGION),
        ("ovh:GRA11", "FR", 1.21, OF_REGION),
        ("ovh:WAW1", "PL", 1.25, OF_REGION),
        ("ovh:eu-west-par", "FR", 1.24, OF_PROVIDER),
        ("scaleway:fr-par-2", "FR", 1.16, OF_REGION),
        ("scaleway:fr-par", "FR", 1.353, OF_ZONES),
    ],
)
def test_known_regions(text: str, zone: str, pue: float, of: str) -> None:
    region = cloud_region(canonical_zone(text))
    assert region.grid_zone == zone
    assert region.pue is not None
    assert (region.pue.value, region.pue.of) == (pue, of)


def test_what_a_provider_does_not_publish_is_unknown() -> None:
    assert cloud_region("gcp:europe-west9").wue_litres_per_kwh is None


def test_the_mean_of_a_provider_holds_all_its_regions() -> None:
    amazon = cloud_regions("aws")
    mean = cloud_region("aws:eu-west-3").pue
    assert mean is not None
    assert len(amazon) > 30
    for region in amazon:
        assert region.pue is not None
        assert mean.low <= region.pue.value <= mean.high


def test_an_unknown_region_or_provider_has_nothing() -> None:
    with pytest.raises(KeyError):
        cloud_region("aws:mars-1")
    assert cloud_regions("mars") == ()


def test_every_zone_with_a_figure_can_be_listed_at_once() -> None:
    listed = BundledProvider().zones()
    assert len(listed) == len({point.grid_zone for point in listed}) > 300
    for point in listed[::50]:
        assert BundledProvider().series(str(point.grid_zone), 0.0, 0.0) == (point,)
    direct = BundledProvider("direct").zones()
    assert {point.basis for point in direct} == {"direct"}
    assert "US" in {point.grid_zone for point in direct}


def test_regions_are_found_by_their_place() -> None:
    assert {region.provider for region in search_regions("paris")} >= {"aws", "azure", "gcp", "ovh"}
    assert {region.grid_zone for region in search_regions("Frankfurt")} == {"DE"}
    assert search_regions("atlantis") == ()
