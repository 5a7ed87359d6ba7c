"""The settings of a run: defaults < configuration files < environment < flags.

Responsible for: precedence, and one frozen record in which every option has its type.
Not responsible for: names and ranges (:mod:`carbonrun.options`), or whether a grid zone exists.

An empty environment variable counts as not set. Tags, idle watts and patterns are collected over
all levels (the stronger level wins where both have the same tag or device); of everything else the
strongest level counts, and of several flags the last.
"""

from __future__ import annotations

from carbonrun.config_files import READ, find_files, home_of, own_uid, xdg_folder
from carbonrun.given import SETTABLE, environment_layer, flag_layer, joined
from carbonrun.option import COLLECTED, REGION
from carbonrun.record import Record
from carbonrun.values import OFF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from carbonrun.config_layers import Layer

DEFAULT = "default"
_RENAMED = {
    "csv": "csv_path",
    "json": "json_path",
    "tag": "tags",
    "intensity": "intensity_g_per_kwh",
    "flame": "flame_path",
    "interval": "interval_seconds",
    "metrics": "metrics_path",
    "junit": "junit_path",
    "unit": "units",
    "wue": "wue_litres_per_kwh",
    "ewif": "ewif_litres_per_kwh",
    "max-delay": "max_delay_seconds",
    "duration": "expected_seconds",
    "min-saving": "min_saving_percent",
    "max-energy": "max_energy_joules",
    "max-co2e": "max_grams_co2e",
}


class Settings(Record):
    """Every option of a run, typed.

    Attributes:
        csv_path: the file that a row is appended to; None writes none.
        csv_explicit: whether somebody asked for that file, so that it must be writable.
        json_path: ``-`` is standard error; None writes none.
        top: how many programs to show, a whole number; 0 shows none.
        flame_path, metrics_path, junit_path: None writes none.
        ci: ``auto`` or ``none``.
        summary: ``full``, ``line`` or ``none``.
        live: show power and energy meanwhile.
        scope: ``tree`` or ``machine``.
        zone: as it was given, not validated; None leaves it to the location.
        zone_source: ``--zone``, ``CARBONRUN_ZONE``, ``config file PATH`` or None.
        intensity_g_per_kwh: 0 or more; None leaves it to the provider.
        intensity_url: where the provider is; None is its own address.
        geoip: ask a service where this machine is, if nothing surer tells.
        geoip_url: another service than ours; None is ours.
        keys: of services, by name; each shows itself as ``***``.
        interval_seconds: 0.01 to 60.
        max_delay_seconds: above 0; None is no such limit.
        start_by, deadline: as they were given, of the right form; None is no such limit.
        expected_seconds: how long the command takes, above 0; None if nobody has said so.
        min_saving_percent: 0 to 100.
        plan_with: whose forecast; None is that of the provider.
        hand_over: ``at``, ``systemd-run``, ``sbatch``; None waits.
        dry_run: start nothing.
        delay: whether these count at all.
        max_energy_joules, max_grams_co2e: above 0; None is no budget.
        on_exceed: ``warn``, ``fail`` or ``stop``.
        idle_watts: watts by device id, 0 or more.
        pue: 1 or more; 1 where it is ``pue_of_region``, which is looked up.
        embodied_kg: of the whole machine, 0 or more; None leaves it to its parts.
        embodied_years, units: above 0.
        price: a text that ``parse_price`` takes.
        mask: regular expressions that are known to compile.
        state_dir: None if there is no home to keep it in.
        config_files: the files that were read, weakest first.
        origins: where each key comes from: ``default``, a flag, a variable, a file.
    """

    csv_path: str | None
    csv_explicit: bool
    json_path: str | None
    top: int
    flame_path: str | None
    metrics_path: str | None
    junit_path: str | None
    ci: str
    summary: str
    live: bool
    name: str | None
    project: str | None
    tags: dict[str, str]
    scope: str
    zone: str | None
    zone_source: str | None
    intensity_g_per_kwh: float | None
    provider: str
    intensity_url: str | None
    keys: dict[str, str]
    offline: bool
    geoip: bool
    geoip_url: str | None
    max_delay_seconds: float | None
    start_by: str | None
    deadline: str | None
    expected_seconds: float | None
    min_saving_percent: float
    plan_with: str | None
    hand_over: str | None
    dry_run: bool
    delay: bool
    max_energy_joules: float | None
    max_grams_co2e: float | None
    on_exceed: str
    interval_seconds: float
    cgroup: bool
    wait_tree: bool
    board: bool
    redfish_url: str | None
    idle_watts: dict[str, float]
    estimate_disk_network: bool
    cloud_metadata: bool
    pue: float
    pue_of_region: bool
    embodied: bool
    embodied_kg: float | None
    embodied_years: float
    units: dict[str, float]
    price: str | None
    water: bool
    wue_litres_per_kwh: float | None
    ewif_litres_per_kwh: float | None
    equivalences: bool
    mask: tuple[str, ...]
    sysfs: str
    procfs: str
    state_dir: str | None
    profile: str | None
    config_files: tuple[str, ...]
    origins: dict[str, str]

    @property
    def wants_embodied(self) -> bool:
        """Tell whether embodied emissions are needed: also as a part of others."""
        return self.embodied or self.embodied_kg is not None or bool(self.units)

    @property
    def wants_accounts(self) -> bool:
        """Tell whether more than grams was asked for."""
        more = self.pue_of_region or self.price is not None or self.water or self.equivalences
        return more or self.wants_embodied

    @property
    def may_start_later(self) -> bool:
        """Tell whether anything was said about another start than at once."""
        asked = (self.max_delay_seconds, self.start_by, self.deadline, self.hand_over)
        has_asked = any(value is not None for value in (*asked, self.expected_seconds))
        return self.dry_run or (self.delay and has_asked)

    @property
    def names_programs(self) -> bool:
        """Tell whether it is asked which program has used what."""
        return self.top > 0 or self.flame_path is not None


def resolve(
    flags: Mapping[str, Sequence[str]],
    environment: Mapping[str, str],
    *,
    cwd: str | None,
    home: str | None,
    uid: int | None = None,
) -> Settings:
    """Return the settings of a run.

    Args:
        flags: texts by key, as the argument parser returns them.
        environment: of this process.
        cwd: the working directory; None (it was deleted) passes over the project's files.
        home: the value of HOME; None or empty is looked up in the user data base.
        uid: whose files are trusted; None is the user of this process.

    Raises:
        UsageError: a bad value on the command line.
        ConfigError: a bad environment variable, file, key, value or profile.
    """
    uid = own_uid() if uid is None else uid
    home = home or home_of(uid)
    strong = [environment_layer(environment), flag_layer(flags)]
    chosen = _strongest("config", strong)
    config_home = xdg_folder(environment, "XDG_CONFIG_HOME", home, ".config")
    files = find_files(None if chosen is None else chosen[0], config_home, cwd, uid)
    read = tuple(file.path for file in files if file.state == READ)
    profile = _strongest("profile", strong)
    weak: list[Layer] = []
    if read or profile is not None:
        from carbonrun.config_layers import layers_of

        weak = layers_of(files, profile, home)
    values, origins = _merge([*weak, *strong])
    if values["state-dir"] is None:
        state_home = xdg_folder(environment, "XDG_STATE_HOME", home, ".local/state")
        values["state-dir"] = f"{state_home}/carbonrun" if state_home else None
    return _settings(values, origins, read)


def field_of(key: str) -> str:
    """Return the field of :class:`Settings` that holds an option."""
    return _RENAMED.get(key, key.replace("-", "_"))


def _settings(values: dict[str, Any], origins: dict[str, str], read: tuple[str, ...]) -> Settings:
    """Rename keys to fields and fill in what depends on other settings."""
    fields = {field_of(key): value for key, value in values.items() if key != "config"}
    csv, state_dir = values["csv"], values["state-dir"]
    if csv is None and state_dir is not None:
        csv = f"{state_dir}/runs.csv"
    return Settings(
        **{
            "keys": {},
            **fields,
            "pue": 1.0 if values["pue"] == REGION else values["pue"],
            "pue_of_region": values["pue"] == REGION,
            "csv_path": csv or None,
            "csv_explicit": origins["csv"] != DEFAULT and csv != OFF,
            "json_path": values["json"] or None,
            "top": int(values["top"]),
            "flame_path": values["flame"] or None,
            "metrics_path": values["metrics"] or None,
            "junit_path": values["junit"] or None,
            "zone_source": None if values["zone"] is None else origins["zone"],
            "config_files": read,
            "origins": origins,
        }
    )


def _strongest(key: str, layers: Sequence[Layer]) -> tuple[str, str] | None:
    for layer in reversed(layers):
        if key in layer:
            value, origin = layer[key]
            return str(value), origin
    return None


def _merge(layers: Iterable[Layer]) -> tuple[dict[str, Any], dict[str, str]]:
    """Put the layers on top of each other, weakest first, over the defaults."""
    values: dict[str, Any] = {option.key: option.default for option in SETTABLE}
    origins = dict.fromkeys(values, DEFAULT)
    collected = {option.key for option in SETTABLE if option.kind in COLLECTED}
    for layer in layers:
        for key, (value, origin) in layer.items():
            if key in collected and origins[key] != DEFAULT:
                values[key] = joined(values[key], value)
                if origin not in origins[key].split(", "):
                    origins[key] += f", {origin}"
            else:
                values[key], origins[key] = value, origin
    return {k: dict(v) if isinstance(v, dict) else v for k, v in values.items()}, origins
