"""What the user declares of a service: ``URL#signal=average&basis=lifecycle``. Pure.

A self-hosted service may hand on marginal or average figures; only its owner knows.
"""

from __future__ import annotations

from carbonrun.intensity.model import (
    AVERAGE,
    DIRECT,
    LIFECYCLE,
    MARGINAL,
    IntensityUnavailable,
)

_ALLOWED = {"signal": (AVERAGE, MARGINAL), "basis": (DIRECT, LIFECYCLE)}


def declaration(url: str) -> tuple[str, str | None, str | None]:
    """Return the address without what is declared behind it, the basis and the signal.

    Raises:
        IntensityUnavailable: something else is declared.
    """
    address, _, text = url.partition("#")
    words = dict(part.partition("=")[::2] for part in text.split("&") if part)
    for name, value in words.items():
        if value not in _ALLOWED.get(name, ()):
            hint = "for example #signal=average&basis=lifecycle"
            message = f"what is declared behind the address is not understood: {name}={value}"
            raise IntensityUnavailable(message, hint)
    return address, words.get("basis"), words.get("signal")
