"""The options of ``track``: those of the command line, as keyword arguments.

One option table makes both (:mod:`carbonrun.options`), and the same code checks them, so that
configuration files and environment count here too.
"""

from __future__ import annotations

import os

from carbonrun.errors import UsageError
from carbonrun.option import ACTION, FALSE, FLAG, LATER, NONE, OUTPUT, TRUE
from carbonrun.options import OPTIONS
from carbonrun.settings import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Literal, TypedDict

    from carbonrun.option import Option
    from carbonrun.settings import Settings

    Output = str | os.PathLike[str] | Literal[False] | None
    Flags = dict[str, tuple[str, ...]]

    class TrackOptions(TypedDict, total=False):
        """What may be given; None is as if it was not. See ``carbonrun --help``."""

        name: str | None
        project: str | None
        tag: Mapping[str, object] | None
        csv: Output
        json: Output
        top: int | None
        flame: Output
        metrics: Output
        junit: Output
        summary: Literal["full", "line", "none"] | None
        ci: Literal["auto", "none"] | None
        scope: Literal["tree", "machine"] | None
        zone: str | None
        intensity: float | None
        provider: str | None
        intensity_url: str | None
        offline: bool | None
        geoip: bool | None
        geoip_url: str | None
        pue: float | str | None
        embodied: bool | None
        embodied_kg: float | None
        embodied_years: float | None
        unit: Mapping[str, float] | None
        price: str | None
        water: bool | None
        wue: float | None
        ewif: float | None
        equivalences: bool | None
        max_energy: str | None
        max_co2e: str | None
        interval: float | None
        board: bool | None
        redfish_url: str | None
        idle_watts: Mapping[str, float] | None
        estimate_disk_network: bool | None
        cloud_metadata: bool | None
        mask: Iterable[str] | str | None
        sysfs: str | os.PathLike[str] | None
        procfs: str | os.PathLike[str] | None
        config: str | os.PathLike[str] | None
        profile: str | None
        state_dir: str | os.PathLike[str] | None


# There is no command to move to a group, wait for, stop, put off, or show something beside.
LEFT_OUT = (
    *("cgroup", "wait-tree", "on-exceed", "live"),
    *(option.key for option in OPTIONS if option.section == LATER),
)
_KEYS = {o.key: o for o in OPTIONS if o.kind != ACTION and o.key not in LEFT_OUT}


def settings_of(options: Mapping[str, object]) -> Settings:
    """Return the settings of a tracker.

    Raises:
        UsageError: an option that there is not, or a bad value.
        ConfigError: a bad environment variable or configuration file.
    """
    return settings_of_flags(dict(_flags(options)))


def settings_of_flags(flags: Flags) -> Settings:
    """Return the same from texts by key, as the parser of the command line returns them.

    Nothing is printed unless it was asked for here, and paths mean what they mean now.
    """
    try:
        cwd: str | None = os.getcwd()  # noqa: PTH109
    except OSError:
        cwd = None
    settings = resolve(flags, os.environ, cwd=cwd, home=os.environ.get("HOME"))
    return settings.replace(
        summary=settings.summary if "summary" in flags else NONE,
        live=False,
        cgroup=False,
        wait_tree=False,
        csv_path=_absolute(settings.csv_path),
        json_path=_absolute(settings.json_path),
        flame_path=_absolute(settings.flame_path),
        metrics_path=_absolute(settings.metrics_path),
        junit_path=_absolute(settings.junit_path),
    )


def _flags(options: Mapping[str, object]) -> Iterable[tuple[str, tuple[str, ...]]]:
    for name, value in options.items():
        option = _KEYS.get(name.replace("_", "-"))
        if option is None:
            raise _unknown(name)
        if value is not None:
            yield option.key, _texts(option, value)


def _texts(option: Option, value: object) -> tuple[str, ...]:
    """Return a value as it would be typed on the command line."""
    if option.kind == OUTPUT and value is False:
        return (NONE,)
    if option.kind == FLAG:
        if not isinstance(value, bool):
            raise UsageError(f"track: {_name(option)} is True or False, not {value!r}")
        return (TRUE if value else FALSE,)
    if hasattr(value, "items"):
        return tuple(f"{key}={each}" for key, each in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(map(_text, value))
    return (_text(value),)


def _text(value: object) -> str:
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)


def _name(option: Option) -> str:
    return option.key.replace("-", "_")


def _unknown(name: str) -> UsageError:
    from carbonrun.suggestion import did_you_mean

    near = did_you_mean(name, tuple(map(_name, _KEYS.values())))
    message = f"track has no option {name!r}" + (f": {near}" if near else "")
    return UsageError(message, "they are those of the command line: see docs/python.md")


def _absolute(path: str | None) -> str | None:
    return path if path in (None, "-") else os.path.abspath(path)  # noqa: PTH100
