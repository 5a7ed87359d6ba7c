"""Which cloud a virtual machine is in, and which instance type it is, by its firmware. Pure.

Amazon's machines of the Nitro generation name their type in the firmware; the firmware of the
other clouds names the provider only (see :mod:`carbonrun.measurement.cloud_metadata`).

Source: the DMI strings that cloud-init's ``ds-identify`` tells the clouds apart by; Amazon EC2 User
Guide, "Identify EC2 instances"; Microsoft, chassis asset tag of Azure machines.
"""

from __future__ import annotations

from carbonrun.record import Record

AWS = "aws"
GCP = "gcp"
AZURE = "azure"
ALIBABA = "alibaba"

NAMES = {AWS: "Amazon EC2", GCP: "Google Cloud", AZURE: "Microsoft Azure", ALIBABA: "Alibaba Cloud"}

_AZURE_ASSET_TAG = "7783-7084-3265-9085-8269-3286-77"
# In the vendor's or the product's name, lower case.
_MARKS = (
    ("amazon ec2", AWS),
    ("google compute engine", GCP),
    ("alibaba cloud", ALIBABA),
    ("oraclecloud", "oracle"),
    ("digitalocean", "digitalocean"),
    ("hetzner", "hetzner"),
    ("scaleway", "scaleway"),
    ("tencent cloud", "tencent"),
    ("openstack", "openstack"),
)
_MOST_LETTERS = 64


FIRMWARE_FILES = (
    "sys_vendor",
    "product_name",
    "bios_version",
    "board_vendor",
    "chassis_asset_tag",
)


class Firmware(Record):
    """Strings of the firmware that everybody may read (``/sys/class/dmi/id``), "" if unknown."""

    sys_vendor: str = ""
    product_name: str = ""
    bios_version: str = ""
    board_vendor: str = ""
    chassis_asset_tag: str = ""


class CloudInstance(Record):
    """Where a virtual machine runs.

    Attributes:
        provider: ``aws``, ``gcp``, ``azure`` ... in lower case.
        instance_type: as the provider writes it, None if it is not told.
        evidence: what says so, for the reader.
        region: as the provider writes it; None unless its metadata service was asked.
    """

    provider: str
    instance_type: str | None
    evidence: str
    region: str | None = None


def cloud_of(firmware: Firmware) -> CloudInstance | None:
    """Return the cloud, None outside of the known ones."""
    product = firmware.product_name.strip()
    provider = _provider(firmware)
    if provider is None:
        return None
    named = product if provider == AWS and is_instance_type(product) and "." in product else None
    evidence = "firmware" if named is None else f"firmware: {product}"
    return CloudInstance(provider=provider, instance_type=named, evidence=evidence)


def is_instance_type(text: str) -> bool:
    """Tell whether a text could be the name of an instance type: short, no blanks, no markup."""
    return 0 < len(text) <= _MOST_LETTERS and all(
        letter.isascii() and (letter.isalnum() or letter in "._-") for letter in text
    )


def family_key(provider: str, instance_type: str) -> str:
    """Return the key of the family that a type belongs to; sizes of a family share their CPUs.

    >>> family_key("aws", "c5.2xlarge")
    'aws:c5'
    >>> family_key("azure", "Standard_D16s_v3")
    'azure:d#s_v3'
    >>> family_key("gcp", "n2-standard-8")
    'gcp:n2'
    """
    name = instance_type.strip().lower().replace(" ", "_")
    if provider == AZURE:
        name = _azure_family(name)
    elif provider == GCP:
        name = name.partition("-")[0]
        name = "n1" if name in ("custom", "f1", "g1") else name
    else:
        name = name.partition(".")[0]
    return f"{provider}:{name}"


def _azure_family(name: str) -> str:
    """Return ``d#s_v3`` for ``standard_d16s_v3``; the number of CPUs stands for none."""
    for prefix in ("standard_", "basic_"):
        name = name.removeprefix(prefix)
    family, is_in_number, has_number = "", False, False
    for letter in name:
        # "e4-2s_v3" is an e4s_v3 with two of its CPUs.
        is_in_number = (letter.isdigit() or (letter == "-" and is_in_number)) and (
            is_in_number or not has_number
        )
        if not is_in_number:
            family += letter
        elif not has_number:
            family += "#"
            has_number = True
    return family


def _provider(firmware: Firmware) -> str | None:
    if firmware.chassis_asset_tag.strip() == _AZURE_ASSET_TAG:
        return AZURE
    texts = (firmware.sys_vendor, firmware.product_name, firmware.board_vendor)
    names = " ".join((*texts, firmware.chassis_asset_tag)).lower()
    if firmware.bios_version.strip().lower().endswith(".amazon"):
        return AWS  # of the generation before Nitro
    return next((provider for mark, provider in _MARKS if mark in names), None)
