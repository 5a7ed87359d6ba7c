"""What has to be known of the machine once the command runs, beside the figures."""

from __future__ import annotations

import sys

from carbonrun.measurement.cloud import cloud_of
from carbonrun.measurement.host import read_firmware, read_host
from carbonrun.measurement.limits import note_limits, read_limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.cloud import CloudInstance
    from carbonrun.measurement.host import HostFacts
    from carbonrun.notes import Notes


def look_around(
    procfs: str, sysfs: str, notes: Notes, *, ask_cloud: bool, offline: bool
) -> HostFacts:
    """Return the facts of the machine, and note how much of it the command may use.

    Args:
        procfs: the machine's.
        sysfs: the machine's.
        notes: are told.
        ask_cloud: whether to ask the cloud's metadata service for instance type and region.
        offline: forbids that.
    """
    facts = facts_of(procfs, sysfs)
    notes.guard("limits", lambda: note_limits(facts, read_limits(), notes))
    if not ask_cloud:
        return facts
    return facts.replace(cloud=_asked(facts.cloud, notes, offline=offline))


def cloud_here(sysfs: str, notes: Notes, *, ask_cloud: bool, offline: bool) -> CloudInstance | None:
    """Return the cloud that this machine is in, as :func:`look_around` does; None for none."""
    cloud = cloud_of(read_firmware(sysfs))
    return _asked(cloud, notes, offline=offline) if ask_cloud else cloud


def _asked(cloud: CloudInstance | None, notes: Notes, *, offline: bool) -> CloudInstance | None:
    if offline:
        notes.info("cloud-metadata", "with --offline the cloud's metadata are not asked for")
        return cloud
    from carbonrun.measurement.cloud_metadata import with_metadata

    return notes.guard("cloud metadata", lambda: with_metadata(cloud, notes)) or cloud


def facts_of(procfs: str, sysfs: str) -> HostFacts:
    """Return what the system says of the machine."""
    if sys.platform != "linux":
        from carbonrun.measurement.other_hosts import read_other_host

        return read_other_host(sys.platform)
    return read_host(procfs, sysfs)
