"""From the tables of configuration files to typed values, each with its origin.

Responsible for: keys, profiles and the TOML types of values.
Not responsible for: finding files (:mod:`carbonrun.config_files`) and precedence between files,
environment and flags (:mod:`carbonrun.settings`).

Each file gives one layer or two: its own keys, then those of the chosen ``[profiles.NAME]``. An
empty text is the same as leaving the key out. Relative paths start at the file's directory, and
``~/`` is the home directory.
"""

from __future__ import annotations

import os

from carbonrun.config_files import PROJECT, READ
from carbonrun.errors import ConfigError
from carbonrun.option import FACTOR, FLAG, NUMBER, OUTPUT, PATH, PATTERNS, TAGS, WATTS
from carbonrun.options import OPTIONS
from carbonrun.suggestion import did_you_mean
from carbonrun.values import Secret, checked_number, checked_pattern, from_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.config_files import ConfigFile
    from carbonrun.option import Option

    # Typed value and origin, by key.
    Layer = dict[str, tuple[object, str]]

PROFILES = "profiles"
KEYS = "keys"
_BY_KEY = {option.key: option for option in OPTIONS if option.config}


def layers_of(
    files: Sequence[ConfigFile], profile: tuple[str, str] | None, home: str | None
) -> list[Layer]:
    """Return the layers of all files, weakest first.

    Args:
        files: weakest first.
        profile: the chosen profile and who chose it; None leaves it to the files' own key.
        home: what ``~/`` stands for.

    Raises:
        ConfigError: an unknown key or profile, or a bad value.
    """
    read = [file for file in files if file.state == READ]
    own = [_layer(file, file.table, "", home) for file in read]
    profile = profile or _profile_of(own)
    named = [_profiles(file, home) for file in read]
    if profile is not None:
        _check_profile(profile, named, read)
    layers = []
    for layer, profiles in zip(own, named, strict=True):
        layers.append(layer)
        if profile is not None and profile[0] in profiles:
            layers.append(profiles[profile[0]])
    return layers


def _profile_of(own: list[Layer]) -> tuple[str, str] | None:
    """Return what the strongest file that has the key ``profile`` chooses."""
    for layer in reversed(own):
        if "profile" in layer:
            name, origin = layer["profile"]
            return str(name), f"profile in {origin}"
    return None


def _check_profile(
    profile: tuple[str, str], named: list[dict[str, Layer]], read: list[ConfigFile]
) -> None:
    name, chosen_by = profile
    known = sorted({known for profiles in named for known in profiles})
    if name in known:
        return
    message = f"unknown profile {name!r} ({chosen_by})"
    if not read:
        raise ConfigError(message, "no configuration file was found: see carbonrun config --path")
    near = did_you_mean(name, known)
    places = ", ".join(file.path for file in read)
    there = f"there is {', '.join(known)}" if known else f"add [profiles.{name}]"
    raise ConfigError(message + (f": {near}" if near else ""), f"{there} in {places}")


def _profiles(file: ConfigFile, home: str | None) -> dict[str, Layer]:
    tables = file.table.get(PROFILES, {})
    if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
        message = f"{file.path}: {PROFILES} must be tables: [{PROFILES}.NAME]"
        raise ConfigError(message)
    return {
        name: _layer(file, table, f"{PROFILES}.{name}.", home) for name, table in tables.items()
    }


def _layer(file: ConfigFile, table: dict[str, object], prefix: str, home: str | None) -> Layer:
    layer: Layer = {}
    origin = f"config file {file.path}"
    for key, raw in table.items():
        if key == PROFILES and not prefix:
            continue
        if key == KEYS and not prefix:
            layer[KEYS] = (_keys(file, raw), origin)
            continue
        option = _BY_KEY.get(key)
        if option is None or (prefix and key == "profile"):
            raise _unknown_key(file, key, prefix)
        if option.personal:
            _check_personal(file, prefix + key)
        if raw == "":
            continue
        try:
            value = _typed(option, raw)
        except ValueError as error:
            message = f"{file.path}: {prefix}{key} = {_shown(raw)}: {error}"
            raise ConfigError(message) from None
        if option.kind in {PATH, OUTPUT}:
            value = _anchored(str(value), file, home)
        layer[key] = (value, origin)
    return layer


def _keys(file: ConfigFile, raw: object) -> dict[str, str]:
    """Return the keys of services; whether there is such a service shows when it is asked."""
    _check_personal(file, KEYS)
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw.values()):
        message = f"{file.path}: {KEYS} must be a table of texts: [{KEYS}]"
        raise ConfigError(message)
    return {name: Secret(key) for name, key in raw.items()}


def _check_personal(file: ConfigFile, key: str) -> None:
    """Refuse what a project must not set: it may have been fetched from anywhere."""
    if file.role == PROJECT:
        message = f"{file.path}: {key} may stand in your own configuration file only"
        raise ConfigError(message, "carbonrun config --path shows where that is")


def _unknown_key(file: ConfigFile, key: str, prefix: str) -> ConfigError:
    message = f"{file.path}: unknown key {prefix}{key}"
    if key == "profile":
        return ConfigError(f"{file.path}: a profile cannot choose a profile ({prefix}{key})")
    near = did_you_mean(key.replace("_", "-").lower(), _BY_KEY)
    hint = "carbonrun config --example shows all keys"
    return ConfigError(message + (f": {near}" if near else ""), hint)


def _typed(option: Option, raw: object) -> object:
    """Check the TOML type of a value, then the value itself."""
    if option.kind == FLAG:
        if isinstance(raw, bool):
            return raw
        raise ValueError("must be true or false")
    if option.kind == NUMBER or (option.kind == FACTOR and not isinstance(raw, str)):
        return checked_number(option, _as_number(raw))
    if option.kind == TAGS:
        return {key: _as_label(value) for key, value in _as_table(option, raw).items()}
    if option.kind == WATTS:
        table = _as_table(option, raw)
        return {key: checked_number(option, _as_number(value)) for key, value in table.items()}
    if option.kind == PATTERNS:
        if isinstance(raw, list) and all(isinstance(entry, str) for entry in raw):
            return tuple(checked_pattern(entry) for entry in raw)
        raise ValueError("must be a list of texts, for example ['key-[0-9]+']")
    if not isinstance(raw, str):
        raise ValueError("must be a text in quotes")  # noqa: TRY004 - callers want one type
    return from_text(option, raw)


def _as_number(raw: object) -> float:
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        try:
            return float(raw)
        except OverflowError:
            return float("inf")
    raise ValueError("must be a number, without quotes")


def _as_table(option: Option, raw: object) -> dict[str, object]:
    if isinstance(raw, dict):
        return raw
    key, _, value = (option.example or "").partition("=")
    example = f'"{value}"' if option.kind == TAGS else value
    message = f"must be a table, for example {{ {key} = {example} }}"
    raise ValueError(message)


def _as_label(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise ValueError("its values must be texts in quotes")


def _anchored(path: str, file: ConfigFile, home: str | None) -> str:
    """Make a path from a file independent of the working directory; '-' and "off" stay."""
    if path in {"", "-"}:
        return path
    if path.startswith("~/") and home:
        return home + path[1:]
    return os.path.join(os.path.dirname(file.path), path)  # noqa: PTH118, PTH120


def _shown(raw: object) -> str:
    """Show a value as it stands in TOML, or nearly so."""
    if isinstance(raw, bool):
        return str(raw).lower()
    return repr(raw)
