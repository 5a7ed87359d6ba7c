"""The example configuration file, made from the option table. Pure.

Prose stands behind ``# ``, settings behind ``#``: take that away and the file says what holds
anyway.
"""

from __future__ import annotations

import textwrap

from carbonrun.option import CHOICE, FACTOR, FLAG, NUMBER, PATTERNS, SECTIONS, TAGS, WATTS
from carbonrun.options import OPTIONS
from carbonrun.values import range_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.option import Option

_HEAD = """\
# Configuration of carbonrun.
#
# Your own file is ~/.config/carbonrun/config.toml ($XDG_CONFIG_HOME). A project's is
# carbonrun.toml, or the table [tool.carbonrun] in pyproject.toml, in the working directory or the
# nearest one above. Both are read; the project's counts for more, the environment and options
# count for more still. All keys are here with their defaults; "" means that there is none.
# Relative paths start at the directory of the file.
# 'carbonrun config' shows what counts and why.
"""

_PROFILES = """\

# ---- Keys ----
# Of services that want one, by the name of the provider; only in your own file, which nobody else
# should be able to read. CARBONRUN_<PROVIDER>_KEY in the environment counts for more.
#[keys]
# electricitymaps = "your key"

# ---- Profiles ----
# A table of settings that --profile NAME, CARBONRUN_PROFILE or the key 'profile' switches on.
#[profiles.ci]
#summary = "line"
#offline = true
"""


def example_config() -> str:
    """Return the file: every key, commented out, with its default and what it means."""
    parts = [_HEAD]
    for section in SECTIONS:
        entries = [_entry(o) for o in OPTIONS if o.section == section and o.config]
        if entries:
            parts.append(f"\n# ---- {section} ----\n" + "\n".join(entries))
    return "".join(parts) + _PROFILES


def _entry(option: Option) -> str:
    help_text = option.help.removesuffix(" May be repeated.")
    lines = textwrap.wrap(" ".join([help_text, *_details(option)]), 98, break_on_hyphens=False)
    if option.example:
        lines.append(f"Example: {option.key} = {_example(option)}")
    prose = "".join(f"# {line}\n" for line in lines)
    return f"{prose}#{option.key} = {toml(option.default)}\n"


def _details(option: Option) -> list[str]:
    details = []
    if option.kind == CHOICE:
        details.append(f"One of: {', '.join(option.choices)}.")
    if option.kind in {NUMBER, FACTOR, WATTS}:
        details.append(f"{range_text(option)[0].upper()}{range_text(option)[1:]}.")
    if option.kind == FLAG:
        details.append("true or false.")
    if option.default_text:
        details.append(f"Default: {option.default_text}.")
    return details


def _example(option: Option) -> str:
    text = option.example or ""
    if option.kind in {NUMBER, FACTOR}:
        return text
    if option.kind == TAGS:
        key, _, value = text.partition("=")
        return f'{{ {key} = "{value}" }}'
    if option.kind == WATTS:
        return f"{{ {text.replace('=', ' = ')} }}"
    if option.kind == PATTERNS:
        return f"['{text}']"
    return toml(text)


def toml(value: object) -> str:
    """Return a default as TOML writes it; None is the empty text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, tuple):
        return "[]"
    return f'"{value or ""}"' if value is None or isinstance(value, str) else str(value)
