"""The calibration of a machine, kept for later runs: one JSON file a machine.

It is in the state directory, which machines may share. What cannot be used is never a reason to
fail: a file that is damaged is set aside, one that is of another machine is left alone.
"""

from __future__ import annotations

from carbonrun.store.folders import calibration_path, make_private_folder
from carbonrun.store.small_file import read_small, remove, set_aside, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.calibration import Calibration
    from carbonrun.notes import Notes

    # Machine id, CPU model, logical CPUs.
    Machine = tuple[str | None, str | None, int]

SCHEMA = "carbonrun.calibration/1"
_ANEW = "measure it anew: carbonrun calibrate"


def load_calibration(state_dir: str, machine: Machine, notes: Notes) -> Calibration | None:
    """Return the calibration of this machine; None if there is none that can be used."""
    path = calibration_path(state_dir, machine[0])
    try:
        content = read_small(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        notes.warn("calibration-unusable", set_aside(path, error), _ANEW)
        return None
    from carbonrun.store.calibration_format import NewerFormat, parse

    try:
        calibration = parse(content, SCHEMA)
    except NewerFormat as error:
        notes.warn("calibration-unusable", f"{path} is not used: {error}", _ANEW)
        return None
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        notes.warn("calibration-unusable", set_aside(path, error), _ANEW)
        return None
    difference = _difference(calibration, machine)
    if difference is not None:
        notes.warn("calibration-other-machine", f"{path} is not used: {difference}", _ANEW)
        return None
    return calibration


def _difference(calibration: Calibration, machine: Machine) -> str | None:
    """Return why a calibration is not one of this machine, None if it is."""
    machine_id, cpu_model, logical_cpus = machine
    if calibration.machine_id != machine_id:
        return "it is of another machine"
    if calibration.cpu_model != cpu_model:
        return f"it is of a machine with the CPU {calibration.cpu_model}, this one has {cpu_model}"
    if calibration.logical_cpus != logical_cpus:
        return (
            f"it was made when {calibration.logical_cpus} CPUs were online, "
            f"now there are {logical_cpus}"
        )
    return None


def check_place(state_dir: str, machine_id: str | None) -> None:
    """Find out whether a calibration can be kept before it is made.

    Raises:
        OSError: it cannot.
    """
    make_private_folder(state_dir)
    probe = f"{calibration_path(state_dir, machine_id)}.check"
    write_private(probe, "")
    remove(probe)


def save_calibration(state_dir: str, calibration: Calibration) -> str:
    """Keep a calibration instead of the one before; return the path of the file.

    Raises:
        OSError: it could not be written; the one before is still there.
    """
    from carbonrun.store.calibration_format import text

    make_private_folder(state_dir)
    path = calibration_path(state_dir, calibration.machine_id)
    write_private(path, text(calibration, SCHEMA))
    return path


def forget_calibration(state_dir: str, machine_id: str | None) -> bool:
    """Remove the calibration of a machine; False if there was none.

    Raises:
        OSError: it cannot be removed.
    """
    return remove(calibration_path(state_dir, machine_id))
