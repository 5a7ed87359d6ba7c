"""The sources of the tables of carbon intensity, and what has to be said with each."""

from __future__ import annotations

from typing import NamedTuple

from tools.intensity_build import efficiency, regions, timezones


class Source(NamedTuple):
    """One source; ``short`` is what a summary shows before the year."""

    id: str
    short: str
    title: str
    version: str
    year: str
    licence: str
    url: str
    attribution: str
    transform: str
    inputs: tuple[str, ...]


CODECARBON = "CodeCarbon 3.3.2 (MIT, the CodeCarbon contributors)"
FACTORS = "raw/carbon_intensity_per_source.json"
SOURCES = (
    Source(
        "ember",
        "Ember",
        "Ember, Yearly Electricity Data",
        "2026-06, by way of The Green Web Foundation's co2.js 27cbe832",
        "2022-2024",
        "CC-BY-4.0",
        "https://ember-energy.org/data/yearly-electricity-data/",
        "Ember, Yearly Electricity Data (CC-BY-4.0)",
        "latest year of each territory as it stands; a 0 is left out",
        (
            "countries_ember_CCBY.csv",
            "aggregates_ember_CCBY.csv",
        ),
    ),
    Source(
        "owid",
        "Ember/OWID",
        "Our World in Data, Carbon intensity of electricity (Ember)",
        "by way of carbontracker 2.4.7",
        "2009-2023",
        "CC-BY-4.0",
        "https://ourworldindata.org/grapher/carbon-intensity-electricity",
        "Ember, processed by Our World in Data (CC-BY-4.0)",
        "territories that are missing in the source ember; widens the bounds of the others",
        ("countries_ember_CCBY.csv",),
    ),
    Source(
        "egrid",
        "EPA eGRID",
        "US EPA, eGRID2023: total output emission rates, CO2e",
        "eGRID2023 revision 2",
        "2023",
        "public domain (US government)",
        "https://www.epa.gov/egrid",
        "US EPA eGRID2023 rev. 2 (public domain)",
        "lb/MWh x 0.45359237 = g/kWh",
        ("egrid2023_subregions_PD.csv", "us_states_egrid2023_PD.csv"),
    ),
    Source(
        "nga",
        "Australia NGA",
        "Australian National Greenhouse Accounts Factors",
        "2024",
        "2024",
        "CC-BY-4.0",
        "https://www.dcceew.gov.au/climate-change/publications/national-greenhouse-accounts-factors",
        "Australian National Greenhouse Accounts Factors 2024 (CC-BY-4.0)",
        "scope 2 only; scope 3 (upstream, losses) is left out",
        ("au_states_NGA2024_CCBY.csv",),
    ),
    Source(
        "mee",
        "China MEE",
        "China, Ministry of Ecology and Environment: provincial electricity emission factors",
        f"2023, by way of {CODECARBON}",
        "2023",
        "MIT (copy)",
        "https://www.mee.gov.cn/",
        f"China MEE/NBS 2023, CO2 only, by way of {CODECARBON}",
        "as it stands",
        ("cn_provinces_MEE2023.csv",),
    ),
    Source(
        "cea",
        "India CEA",
        "India, Central Electricity Authority: CO2 Baseline Database",
        "21",
        "2024",
        "government publication, cited",
        "https://cea.nic.in/cdm-co2-baseline-database/",
        "CEA CO2 Baseline Database V21, fiscal year 2024-25, CO2 only",
        "weighted average including renewable and captive generation, last fiscal year",
        ("in_CEA_national.csv",),
    ),
    Source(
        "canada-mix",
        "CodeCarbon mix, IPCC factors",
        "Generation mixes of the Canadian provinces with lifecycle factors",
        f"{CODECARBON}; IPCC AR5 WG3 Annex III, table A.III.2",
        "2023",
        "MIT",
        "https://github.com/mlco2/codecarbon",
        f"Generation mix 2023 of {CODECARBON}; factors of IPCC AR5 and the WNA",
        "share x lifecycle factor; coal 820 and gas 490 g/kWh (IPCC medians) not the table's",
        ("raw/canada_energy_mix.json", FACTORS),
    ),
    Source(
        "nordic-mix",
        "ENTSO-E mix, IPCC factors",
        "Price zones of Norway and Sweden from their generation mixes",
        f"{CODECARBON}; ENTSO-E Transparency Platform, year 2025",
        "2025",
        "MIT",
        "https://doi.org/10.5281/zenodo.22285397",
        f"ENTSO-E generation 2025 by way of Khepri and {CODECARBON}",
        "generation without a factor at 230 g/kWh (biomass, waste) instead of 0; gas at 490 g/kWh",
        ("raw/nordic_emissions.json", FACTORS),
    ),
    Source(
        "google",
        "Google",
        "Google Cloud, region-carbon-info",
        "49f3f26b (2025-12)",
        "2024",
        "Apache-2.0",
        "https://github.com/GoogleCloudPlatform/region-carbon-info",
        "Google Cloud region-carbon-info 2024 (Apache-2.0)",
        "as it stands",
        (regions.GCP_FILE,),
    ),
    Source(
        "regions",
        "Carbon Aware SDK",
        "Green Software Foundation, Carbon Aware SDK: lists of cloud regions",
        "e6de58da",
        "2025",
        "MIT",
        "https://github.com/Green-Software-Foundation/carbon-aware-sdk",
        "Green Software Foundation, Carbon Aware SDK (MIT)",
        "names of regions only; grid zones are assigned by place",
        (regions.AWS_FILE, regions.AZURE_FILE),
    ),
    Source(
        "tzdata",
        "tzdata",
        "IANA Time Zone Database: zone.tab, iso3166.tab, backward",
        "2025b",
        "2025",
        "public domain",
        "https://www.iana.org/time-zones",
        "IANA Time Zone Database (public domain)",
        "a subdivision only where the comment of zone.tab names exactly one",
        (timezones.ZONE_TAB, "raw/tzdata/iso3166.tab"),
    ),
    Source(
        "aws-efficiency",
        "Amazon",
        "Amazon Web Services: PUE and WUE by region",
        "2024 (aws-wue-pue.csv)",
        "2024",
        "published figures, cited",
        "https://sustainability.aboutamazon.com/products-services/aws-cloud",
        "Amazon: power and water usage effectiveness, 2024",
        "water withdrawn for each kWh of the machines",
        (efficiency.FILE,),
    ),
    Source(
        "azure-efficiency",
        "Microsoft",
        "Microsoft: datacenter efficiency by geography",
        "fiscal year 2024, as shown in October 2025",
        "2024",
        "published figures, cited",
        "https://datacenters.microsoft.com/sustainability/efficiency/",
        "Microsoft: power and water usage effectiveness, 2024",
        "geographies -> the Azure regions in them; water for each kWh of the machines",
        (efficiency.FILE,),
    ),
    Source(
        "gcp-efficiency",
        "Google",
        "Google: PUE by campus, trailing twelve months",
        "as shown in October 2025",
        "2025",
        "published figures, cited",
        "https://datacenters.google/efficiency/",
        "Google: power and water usage effectiveness, 2025",
        "campuses -> the Cloud regions at the same place, the mean where there are two",
        (efficiency.FILE,),
    ),
    Source(
        "ovh-efficiency",
        "OVHcloud",
        "OVHcloud: environmental indicators by site",
        "fiscal year 2025",
        "2025",
        "published figures, cited",
        "https://www.ovhcloud.com/sites/default/files/external_files/kpis_fy25.pdf",
        "OVHcloud: power and water usage effectiveness, 2025",
        "as they stand",
        (efficiency.FILE,),
    ),
    Source(
        "scaleway-efficiency",
        "Scaleway",
        "Scaleway: reference values of its environmental footprint",
        "June 2025",
        "2025",
        "published figures, cited",
        "https://www.scaleway.com/en/docs/environmental-footprint/additional-content/calculation-values-reference/",
        "Scaleway: power and water usage effectiveness, 2025",
        "as they stand; a region has the mean of its zones",
        (efficiency.FILE,),
    ),
)
