"""What is left of CO2 Signal: settings of it, whose owners are told what became of it. Pure.

Its address answers no more since 2025; its free tier is part of Electricity Maps.
"""

from __future__ import annotations

from carbonrun.options import CO2_SIGNAL_HINT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.notes import Notes

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


def note_old_setting(environment: Mapping[str, str], keys: Mapping[str, str], notes: Notes) -> None:
    """Say that CO2 Signal is no more to whom has set it up."""
    old = old_setting(environment, keys)
    if old is not None:
        message = f"{old} is of CO2 Signal, which answers no more; it is not used"
        notes.info("co2-signal-gone", message, CO2_SIGNAL_HINT)
