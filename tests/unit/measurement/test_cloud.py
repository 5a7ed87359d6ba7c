from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.cloud import (
    FIRMWARE_FILES,
    Firmware,
    cloud_of,
    family_key,
    is_instance_type,
)
from carbonrun.measurement.host import read_host

if TYPE_CHECKING:
    from pathlib import Path

AZURE_TAG = "7783-7084-3265-9085-8269-3286-77"


def firmware(vendor: str, product: str, **others: str) -> Firmware:
    return Firmware(sys_vendor=vendor, product_name=product, **others)


@pytest.mark.parametrize(
    ("read", "provider", "instance_type"),
    [
        (firmware("Amazon EC2", "c5.xlarge", bios_version="1.0"), "aws", "c5.xlarge"),
        (firmware("Amazon EC2", "m7g.metal"), "aws", "m7g.metal"),
        (firmware("Xen", "HVM domU", bios_version="4.11.amazon"), "aws", None),
        (firmware("Google", "Google Compute Engine"), "gcp", None),
        (
            firmware("Microsoft Corporation", "Virtual Machine", chassis_asset_tag=AZURE_TAG),
            "azure",
            None,
        ),
        (firmware("Alibaba Cloud", "Alibaba Cloud ECS"), "alibaba", None),
        (firmware("QEMU", "Standard PC", chassis_asset_tag="OracleCloud.com"), "oracle", None),
        (firmware("DigitalOcean", "Droplet"), "digitalocean", None),
        (firmware("OpenStack Foundation", "OpenStack Nova"), "openstack", None),
    ],
)
def test_firmware_of_clouds(read: Firmware, provider: str, instance_type: str | None) -> None:
    cloud = cloud_of(read)
    assert cloud is not None
    assert (cloud.provider, cloud.instance_type) == (provider, instance_type)
    assert "firmware" in cloud.evidence


@pytest.mark.parametrize(
    "read",
    [
        Firmware(),
        firmware("Dell Inc.", "PowerEdge R6625"),
        firmware("Microsoft Corporation", "Virtual Machine"),  # Hyper-V of one's own
        firmware("QEMU", "Standard PC (Q35 + ICH9, 2009)"),
    ],
)
def test_other_machines_are_in_no_cloud(read: Firmware) -> None:
    assert cloud_of(read) is None


@pytest.mark.parametrize(
    ("provider", "name", "key"),
    [
        ("aws", "c5.2xlarge", "aws:c5"),
        ("aws", "u-6tb1.metal", "aws:u-6tb1"),
        ("azure", "Standard_D16s_v3", "azure:d#s_v3"),
        ("azure", "Standard_E4-2s_v3", "azure:e#s_v3"),
        ("azure", "Standard_DS2_v2", "azure:ds#_v2"),
        ("azure", "D2s v3", "azure:d#s_v3"),
        ("azure", "Basic_A1", "azure:a#"),
        ("gcp", "n2-standard-8", "gcp:n2"),
        ("gcp", "e2-medium", "gcp:e2"),
        ("gcp", "custom-4-16384", "gcp:n1"),
        ("gcp", "n2d-custom-8-32768", "gcp:n2d"),
    ],
)
def test_sizes_of_a_family_have_one_key(provider: str, name: str, key: str) -> None:
    assert family_key(provider, name) == key


@given(st.sampled_from(["aws", "azure", "gcp", "x"]), st.text())
def test_any_type_has_a_key_of_its_cloud(provider: str, name: str) -> None:
    assert family_key(provider, name).startswith(f"{provider}:")


@given(st.builds(Firmware, **{name: st.text() for name in FIRMWARE_FILES}))
def test_any_firmware_is_survived(read: Firmware) -> None:
    cloud = cloud_of(read)
    assert cloud is None or cloud.instance_type is None or is_instance_type(cloud.instance_type)


@pytest.mark.parametrize("text", ["", "c5 large", "<html>", "a" * 65, "c5.large\n", "caf\u00e9"])
def test_what_is_no_instance_type(text: str) -> None:
    assert not is_instance_type(text)


def test_the_host_knows_its_cloud(tmp_path: Path) -> None:
    folder = tmp_path / "sys/class/dmi/id"
    folder.mkdir(parents=True)
    (folder / "sys_vendor").write_text("Amazon EC2\n")
    (folder / "product_name").write_text("c5.xlarge\n")
    host = read_host(f"{tmp_path}/proc", f"{tmp_path}/sys")
    assert host.virtual
    assert host.cloud is not None
    assert host.cloud.instance_type == "c5.xlarge"
    assert read_host(f"{tmp_path}/proc", f"{tmp_path}/nothing").cloud is None
