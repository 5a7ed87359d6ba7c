"""The cloud region that this machine says it is in: its environment, or what cloud-init keeps.

Responsible for: what is believed of it. Nothing is sent. Not responsible for: asking the cloud's
metadata service, which needs consent (:mod:`carbonrun.measurement.cloud_metadata`).

A region in the environment of a laptop is the one that its tools work on, not where the laptop is:
it counts only where the firmware or the service that runs us says that this is that cloud.

Source: AWS SDKs and Tools Reference, AWS Lambda, Amazon ECS, AWS Batch and AWS CodeBuild,
environment variables; gcloud CLI properties; Cloud Run and App Engine, runtime contract; Azure App
Service and Container Apps, environment variables; Scaleway CLI; cloud-init, "Instance metadata".
"""

from __future__ import annotations

import os

from carbonrun.intensity.zones import known_zone
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Provider -> variables that name a region (or a zone in it), and those that only its services set.
REGION_VARIABLES = {
    "aws": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "gcp": (
        *("GOOGLE_CLOUD_REGION", "CLOUDSDK_COMPUTE_REGION", "FUNCTION_REGION"),
        "CLOUDSDK_COMPUTE_ZONE",
    ),
    "azure": ("REGION_NAME",),
    "scaleway": ("SCW_DEFAULT_REGION", "SCW_DEFAULT_ZONE"),
}
SERVICE_MARKS = {
    "aws": (
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_EXECUTION_ENV", "AWS_BATCH_JOB_ID"),
        *("ECS_CONTAINER_METADATA_URI_V4", "ECS_CONTAINER_METADATA_URI", "CODEBUILD_BUILD_ID"),
    ),
    "gcp": ("K_SERVICE", "CLOUD_RUN_JOB", "FUNCTION_TARGET", "GAE_APPLICATION", "CLOUD_SHELL"),
    "azure": ("WEBSITE_SITE_NAME", "WEBSITE_INSTANCE_ID", "CONTAINER_APP_NAME"),
    "scaleway": ("SCW_APPLICATION_ID", "SCW_APPLICATION_NAME"),
}
BY_FIRMWARE = "the firmware"
INSTANCE_DATA = "cloud-init/instance-data.json"
# What cloud-init calls the providers.
CLOUD_INIT_NAMES = {
    "aws": "aws",
    "gce": "gcp",
    "gcp": "gcp",
    "azure": "azure",
    "scaleway": "scaleway",
}
_MOST_BYTES = 1 << 20
_MOST_LETTERS = 64


class Claim(Record):
    """A region that something names.

    Attributes:
        region: ``aws:eu-west-3``; one of the table.
        told_by: the variable, or ``cloud-init``.
        evidence: why it is believed; None if it is not.
    """

    region: str
    told_by: str
    evidence: str | None


def claim_of_environment(environment: Mapping[str, str], firmware: str | None) -> Claim | None:
    """Return the region that the environment names; one that is corroborated comes first.

    Args:
        environment: of this process.
        firmware: the provider that the machine's firmware names, None if it names none.
    """
    unsure: Claim | None = None
    for provider, variables in REGION_VARIABLES.items():
        for variable in variables:
            region = region_code(provider, environment.get(variable, ""))
            if region is None:
                continue
            evidence = _evidence(provider, environment, firmware)
            claim = Claim(region=region, told_by=variable, evidence=evidence)
            if evidence is not None:
                return claim
            unsure = unsure or claim
    return unsure


def claim_of_cloud_init(run: str) -> Claim | None:
    """Return the region that cloud-init has found at the start of the machine.

    Args:
        run: the directory of what is kept until the next start, usually ``/run``.
    """
    path = os.path.join(run, INSTANCE_DATA)  # noqa: PTH118 - pathlib is slow
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is slow
            content = file.read(_MOST_BYTES)
    except OSError:
        return None
    import json

    try:
        told = json.loads(content)["v1"]
        provider = CLOUD_INIT_NAMES[told["cloud_name"]]
        region = region_code(provider, told["region"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if region is None:
        return None
    return Claim(region=region, told_by="cloud-init", evidence=path)


def region_code(provider: str, name: object) -> str | None:
    """Return the code of a region by its provider's name of it, or that of a zone in it."""
    if not isinstance(name, str) or not 0 < len(name) <= _MOST_LETTERS:
        return None
    region = name.strip().lower().replace(" ", "")  # "West Europe" is westeurope
    head, last = region[:-1], region[-1:]
    if last.isalpha() and (head.endswith("-") or head[-1:].isdigit()):  # europe-west9-a, eu-west-3a
        return known_zone(f"{provider}:{head.rstrip('-')}")
    return known_zone(f"{provider}:{region}") if region else None


def _evidence(provider: str, environment: Mapping[str, str], firmware: str | None) -> str | None:
    mark = next((mark for mark in SERVICE_MARKS[provider] if environment.get(mark)), None)
    return mark or (BY_FIRMWARE if firmware == provider else None)
