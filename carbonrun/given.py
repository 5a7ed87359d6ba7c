"""What environment variables and flags give, as typed values with their origin.

Responsible for: conversion, and messages that name the variable or the flag. Not responsible for:
which level counts (:mod:`carbonrun.settings`).
"""

from __future__ import annotations

from carbonrun.errors import ConfigError, UsageError
from carbonrun.option import ACTION
from carbonrun.options import OPTIONS
from carbonrun.values import from_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from carbonrun.config_layers import Layer
    from carbonrun.option import Option

SETTABLE = tuple(option for option in OPTIONS if option.kind != ACTION)


def joined(weaker: Any, stronger: Any) -> Any:
    """Return what two levels give together, of an option that is collected."""
    if isinstance(weaker, dict):
        return {**weaker, **stronger}
    return (*weaker, *(pattern for pattern in stronger if pattern not in weaker))


def environment_layer(environment: Mapping[str, str]) -> Layer:
    """Return what the environment gives.

    Raises:
        ConfigError: a bad value.
    """
    layer: Layer = {}
    for option in SETTABLE:
        variable = option.environment
        text = environment.get(variable, "") if variable else ""
        if not (variable and text):
            continue
        parts = text.split(option.separator) if option.separator else [text]
        try:
            value = _last_or_all(option, [part for part in parts if part])
        except ValueError as error:
            message = f"{variable}={text!r}: {error}"
            raise ConfigError(message) from None
        if value is not None:
            layer[option.key] = (value, variable)
    return layer


def flag_layer(flags: Mapping[str, Sequence[str]]) -> Layer:
    """Return what the command line gives.

    Raises:
        UsageError: a bad value.
    """
    layer: Layer = {}
    for option in SETTABLE:
        texts = flags.get(option.key)
        if not texts:
            continue
        name = option.flags[0] if option.flags else option.switches[0][0]
        if "" in texts:
            message = f"{name} must not be empty"
            raise UsageError(message, f"leave {name} out instead")
        try:
            layer[option.key] = (_last_or_all(option, texts), name)
        except ValueError as error:
            shown = " ".join(repr(text) for text in texts)
            message = f"{name} {shown}: {error}"
            raise UsageError(message) from None
    return layer


def _last_or_all(option: Option, texts: Sequence[str]) -> object:
    """Convert every text, so that each is checked; return the last, or all of a collected kind."""
    value: object = None
    for text in texts:
        converted = from_text(option, text)
        is_more = option.is_collected and value is not None
        value = joined(value, converted) if is_more else converted
    return value
