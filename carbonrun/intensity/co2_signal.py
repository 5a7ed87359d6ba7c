"""What is left of CO2 Signal: settings of it, whose owners are told what became of it. Pure.

Its address answers no more since 2025; its free tier is part of Electricity Maps.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Its own name, that of CodeCarbon, and those of other tools.
VARIABLES = (
    *("CO2_SIGNAL_API_TOKEN", "CODECARBON_CO2_SIGNAL_API_TOKEN"),
    *("CO2SIGNAL_API_TOKEN", "CO2SIGNAL_TOKEN", "CARBONRUN_CO2SIGNAL_KEY"),
)
KEYS = ("co2signal", "co2-signal", "co2_signal")


def old_setting(environment: Mapping[str, str], keys: Mapping[str, str]) -> str | None:
    """Return where CO2 Signal is still set up; None if it is nowhere. Never the token itself."""
    variable = next((name for name in VARIABLES if environment.get(name)), None)
    key = next((f"[keys] {name}" for name in KEYS if keys.get(name)), None)
    return variable or key
