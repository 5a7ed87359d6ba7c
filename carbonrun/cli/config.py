"""``carbonrun config``: which settings count, where each comes from, and which files were read."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from carbonrun.cli.example_config import example_config
from carbonrun.cli.output import emit
from carbonrun.config_files import ConfigFile, find_files, home_of, own_uid, xdg_folder
from carbonrun.errors import UsageError
from carbonrun.option import REGION
from carbonrun.options import OPTIONS
from carbonrun.report.mask import mask_command
from carbonrun.settings import Settings, field_of, resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.cli.context import Context


HIDDEN = "***"


def config(
    ctx: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Show all as JSON.")] = False,
    path: Annotated[
        bool, typer.Option("--path", help="Show only the files that were looked for.")
    ] = False,
    example: Annotated[
        bool, typer.Option("--example", help="Show a configuration file with every key.")
    ] = False,
) -> None:
    """Show the settings that a run would have here, and where each comes from.

    Options before the word 'config' count: carbonrun --profile ci config
    """
    if as_json + path + example > 1:
        raise UsageError("config: give one of --json, --path, --example")
    if example:
        emit(example_config())
        return
    context: Context = ctx.obj
    files = files_of(context)
    if path:
        emit(_paths(files))
        return
    settings = resolve(context.flags, context.environment, cwd=context.cwd, home=context.home)
    emit(_json(settings, files) if as_json else _table(settings, files))


def effective(settings: Settings) -> dict[str, Any]:
    """Return the value of each key that a configuration file may have."""
    found = {o.key: getattr(settings, field_of(o.key)) for o in OPTIONS if o.config}
    return {**found, "pue": REGION} if settings.pue_of_region else found


def files_of(context: Context) -> tuple[ConfigFile, ...]:
    """Look for the files in the way that a run does."""
    given = context.flags.get("config", ())
    chosen = given[-1] if given else context.environment.get("CARBONRUN_CONFIG") or None
    uid = own_uid()
    home = context.home or home_of(uid)
    config_home = xdg_folder(context.environment, "XDG_CONFIG_HOME", home, ".config")
    return find_files(chosen, config_home, context.cwd, uid)


def _json(settings: Settings, files: tuple[ConfigFile, ...]) -> str:
    shown: dict[str, Any] = {
        "settings": {
            key: {"value": _masked(value), "origin": settings.origins[key]}
            for key, value in effective(settings).items()
        },
        "keys": dict.fromkeys(settings.keys, HIDDEN),
        "files": [{"path": f.path, "role": f.role, "state": f.state} for f in files],
    }
    return json.dumps(shown, indent=2) + "\n"


def _table(settings: Settings, files: tuple[ConfigFile, ...]) -> str:
    rows = [
        (key, _shown(_masked(value)), settings.origins[key])
        for key, value in effective(settings).items()
    ]
    rows += [(f"keys.{name}", HIDDEN, settings.origins["keys"]) for name in settings.keys]
    keys = max(len(key) for key, _value, _origin in rows)
    values = min(40, max(len(value) for _key, value, _origin in rows))
    lines = [f"{key:<{keys}}  {value:<{values}}  {origin}".rstrip() for key, value, origin in rows]
    return "\n".join([*lines, "", _paths(files)])


def _paths(files: tuple[ConfigFile, ...]) -> str:
    if not any(file.role != "user" for file in files):
        none_found = "absent  carbonrun.toml or [tool.carbonrun] here or above\n"
    else:
        none_found = ""
    return "".join(f"{file.state:<6}  {file.path}\n" for file in files) + none_found


def _masked(value: object) -> object:
    """Return the value without what a URL in it has to keep secret: it may go into a bug report."""
    if isinstance(value, str):
        return mask_command((value,))[0]
    if isinstance(value, tuple):
        return tuple(mask_command((each,))[0] if isinstance(each, str) else each for each in value)
    return value


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}={_shown(entry)}" for key, entry in value.items()) or "-"
    if isinstance(value, tuple):
        return ", ".join(value) or "-"
    return str(value)
