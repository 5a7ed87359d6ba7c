"""Cloud regions -> the grid zone that they are in; places as the providers publish them.

A region in the United States, Canada, Australia or China is put in its state or province. Left
out are regions for testing, and those whose provider does not say where they are go to the country.
Source: the providers' public lists of regions (AWS, Azure, Google Cloud, OVHcloud, Scaleway, 2026).
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

PLACES = Path(__file__).with_name("cloud_places.tsv")
AWS_FILE = "raw/gsf-carbon-aware-sdk/aws-regions.json"
AZURE_FILE = "raw/gsf-carbon-aware-sdk/azure-regions.json"
GCP_FILE = "raw/gcp-region-carbon-info/2024.csv"

# One "region zone" pair a word; kept as text so that a line of it can be compared with a list.
AWS = """
af-south-1=ZA ap-east-1=HK ap-east-2=TW ap-northeast-1=JP ap-northeast-2=KR ap-northeast-3=JP
ap-south-1=IN ap-south-2=IN ap-southeast-1=SG ap-southeast-2=AU-NSW ap-southeast-3=ID
ap-southeast-4=AU-VIC ap-southeast-5=MY ap-southeast-6=NZ ap-southeast-7=TH ca-central-1=CA-QC
ca-west-1=CA-AB cn-north-1=CN-BJ cn-northwest-1=CN-NX eu-central-1=DE eu-central-2=CH
eu-north-1=SE-SE3 eu-south-1=IT eu-south-2=ES eu-west-1=IE eu-west-2=GB eu-west-3=FR
il-central-1=IL me-central-1=AE me-south-1=BH mx-central-1=MX sa-east-1=BR us-east-1=US-VA
us-east-2=US-OH us-gov-east-1=US us-gov-west-1=US us-west-1=US-CA us-west-2=US-OR
"""
AZURE = """
australiacentral=AU-ACT australiacentral2=AU-ACT australiaeast=AU-NSW australiasoutheast=AU-VIC
austriaeast=AT belgiumcentral=BE brazilsouth=BR brazilsoutheast=BR canadacentral=CA-ON
canadaeast=CA-QC centralindia=IN centralus=US-IA chilecentral=CL chinaeast=CN-SH chinaeast2=CN-SH
chinanorth=CN-BJ chinanorth2=CN-BJ chinanorth3=CN-HE denmarkeast=DK-DK2 eastasia=HK eastus=US-VA
eastus2=US-VA francecentral=FR francesouth=FR germanynorth=DE germanywestcentral=DE
indonesiacentral=ID israelcentral=IL italynorth=IT japaneast=JP japanwest=JP jioindiacentral=IN
jioindiawest=IN koreacentral=KR koreasouth=KR malaysiawest=MY mexicocentral=MX
newzealandnorth=NZ northcentralus=US-IL northeurope=IE norwayeast=NO-NO1 norwaywest=NO-NO2
polandcentral=PL qatarcentral=QA southafricanorth=ZA southafricawest=ZA southcentralus=US-TX
southeastasia=SG southindia=IN spaincentral=ES swedencentral=SE-SE3 switzerlandnorth=CH
switzerlandwest=CH uaecentral=AE uaenorth=AE uksouth=GB ukwest=GB usgovarizona=US-AZ
usgovtexas=US-TX usgovvirginia=US-VA westcentralus=US-WY
westeurope=NL westindia=IN westus=US-CA westus2=US-WA westus3=US-AZ
"""
GCP = """
africa-south1=ZA asia-east1=TW asia-east2=HK asia-northeast1=JP asia-northeast2=JP
asia-northeast3=KR asia-south1=IN asia-south2=IN asia-southeast1=SG asia-southeast2=ID
australia-southeast1=AU-NSW australia-southeast2=AU-VIC europe-central2=PL europe-north1=FI
europe-north2=SE-SE3 europe-southwest1=ES europe-west1=BE europe-west2=GB europe-west3=DE
europe-west4=NL europe-west6=CH europe-west8=IT europe-west9=FR europe-west10=DE
europe-west12=IT me-central1=QA me-central2=SA me-west1=IL northamerica-northeast1=CA-QC
northamerica-northeast2=CA-ON northamerica-south1=MX southamerica-east1=BR
southamerica-west1=CL us-central1=US-IA us-central2=US-OK us-east1=US-SC us-east2=US-GA
us-east4=US-VA us-east5=US-OH us-south1=US-TX us-west1=US-OR us-west2=US-CA us-west3=US-UT
us-west4=US-NV
"""
# The sites of OVHcloud, and their regions of compute and of storage, which are named after them.
OVH = """
ap-south-mum=IN bhs=CA-QC ca-east-tor=CA-ON de=DE eu-south-mil=IT eu-west-par=FR gra=FR rbx=FR
sbg=FR sgp=SG syd=AU-NSW uk=GB us-east-va=US-VA us-west-or=US-OR waw=PL
"""
# Regions, and the zones that lie in them: Scaleway publishes figures for each zone.
SCALEWAY = """
fr-par=FR fr-par-1=FR fr-par-2=FR fr-par-3=FR nl-ams=NL nl-ams-1=NL nl-ams-2=NL nl-ams-3=NL
pl-waw=PL pl-waw-1=PL pl-waw-2=PL pl-waw-3=PL
"""
PROVIDERS = {"aws": AWS, "azure": AZURE, "gcp": GCP, "ovh": OVH, "scaleway": SCALEWAY}
# What else a region is called by its provider's interfaces.
ALIASES = {
    "ovh:ap-south-mum": ("ovh:ap-south-mum-1", "ovh:mum"),
    "ovh:bhs": ("ovh:bhs1", "ovh:bhs3", "ovh:bhs5", "ovh:ca-east-bhs"),
    "ovh:ca-east-tor": ("ovh:ca-east-tor-a", "ovh:tor"),
    "ovh:de": ("ovh:de1", "ovh:lim", "ovh:eu-west-lim"),
    "ovh:eu-south-mil": ("ovh:mil",),
    "ovh:eu-west-par": ("ovh:par",),
    "ovh:gra": ("ovh:gra5", "ovh:gra7", "ovh:gra9", "ovh:gra11", "ovh:eu-west-gra"),
    "ovh:rbx": ("ovh:rbx-a", "ovh:eu-west-rbx"),
    "ovh:sbg": ("ovh:sbg3", "ovh:sbg5", "ovh:sbg7", "ovh:eu-west-sbg"),
    "ovh:sgp": ("ovh:sgp1", "ovh:ap-southeast-sgp"),
    "ovh:syd": ("ovh:syd1", "ovh:ap-southeast-syd"),
    "ovh:uk": ("ovh:uk1", "ovh:eri", "ovh:eu-west-eri"),
    "ovh:us-east-va": ("ovh:us-east-va-1", "ovh:vin"),
    "ovh:us-west-or": ("ovh:us-west-or-1", "ovh:hil"),
    "ovh:waw": ("ovh:waw1", "ovh:eu-central-waw"),
}
# Regions of the raw list that no customer's job runs in (previews, staging, no place).
NOT_PUBLIC = {"eastus2euap", "centraluseuap", "eastusstg", "brazilus"}


def cloud_regions(raw: Path) -> dict[str, str]:
    """Return region (``aws:eu-west-3``) -> grid zone.

    Raises:
        ValueError: the raw lists have a region that this table does not place.
    """
    aws_text = (raw / AWS_FILE).read_bytes().decode("latin-1")
    with (raw / GCP_FILE).open(encoding="utf-8-sig", newline="") as file:
        gcp = {row[0] for row in list(csv.reader(file))[1:]}
    listed = {
        "aws": {entry["code"] for entry in json.loads(aws_text)},
        "azure": set(json.loads((raw / AZURE_FILE).read_bytes())) - NOT_PUBLIC,
        "gcp": gcp,
    }
    placed: dict[str, str] = {}
    for provider, text in PROVIDERS.items():
        pairs = dict(word.split("=") for word in text.split())
        missing = listed.get(provider, set()) - set(pairs)
        if missing:
            message = f"{provider}: no grid zone for {sorted(missing)}"
            raise ValueError(message)
        placed.update({f"{provider}:{region}": zone for region, zone in pairs.items()})
    return placed


def cloud_places(raw: Path) -> dict[str, str]:
    """Return region -> where it is, for people.

    Raises:
        ValueError: a region has no place, or a place no region.
    """
    with (raw / GCP_FILE).open(encoding="utf-8-sig", newline="") as file:
        places = {f"gcp:{row[0]}": row[1] for row in list(csv.reader(file))[1:]}
    for line in PLACES.read_text(encoding="ascii").splitlines():
        if not line.startswith("#"):
            region, place = line.split("\t")
            places[region] = place
    odd = set(places) ^ set(cloud_regions(raw))
    if odd:
        raise ValueError(f"a place without a region, or the reverse: {sorted(odd)}")
    return places
