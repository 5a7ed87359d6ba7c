"""What is refused before the command is started, with exit status 125, though it is well-formed.

Responsible for: outputs that cannot be written, zones that do not exist, services without a key.
Not responsible for: values that are malformed (:mod:`carbonrun.values`).
"""

from __future__ import annotations

import os

from carbonrun.errors import UsageError
from carbonrun.options import CO2_SIGNAL_HINT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.settings import Settings


def check(settings: Settings) -> None:
    """Refuse outputs that cannot be written, zones that do not exist, services without a key.

    Raises:
        CarbonrunError: with exit status 125.
    """
    _check_outputs(settings)
    _check_zone(settings)
    _check_network(settings)
    _check_provider(settings)


def _check_outputs(settings: Settings) -> None:
    asked_for = [
        (settings.csv_path if settings.csv_explicit else None, settings.origins["csv"]),
        (None if settings.json_path == "-" else settings.json_path, settings.origins["json"]),
        (settings.metrics_path, settings.origins["metrics"]),
        (settings.junit_path, settings.origins["junit"]),
        (settings.flame_path, settings.origins["flame"]),
    ]
    for path, origin in asked_for:
        if path is not None:
            from carbonrun.report.writable import check_writable

            check_writable(path, origin)
    _check_same_file(settings)
    if settings.flame_path is not None:
        from carbonrun.report.flame_forms import ENDINGS, form_of

        if form_of(settings.flame_path) is None:
            message = (
                f"{settings.origins['flame']}: {settings.flame_path} does not say what to write"
            )
            raise UsageError(message, f"let its name end in one of {', '.join(ENDINGS)}")


def _check_same_file(settings: Settings) -> None:
    csv_path, json_path = settings.csv_path, settings.json_path
    if csv_path is None or json_path in (None, "-"):
        return
    if os.path.realpath(csv_path) == os.path.realpath(json_path) and _is_file(csv_path):
        message = f"CSV and JSON would be written to the same file: {json_path}"
        raise UsageError(message, "give each a file of its own with --csv and --json")


def _is_file(path: str) -> bool:
    return os.path.isfile(path) or not os.path.exists(path)  # noqa: PTH110, PTH113


def _check_zone(settings: Settings) -> None:
    if settings.zone is None:
        return
    from carbonrun.intensity.zones import canonical_zone

    try:
        canonical_zone(settings.zone)
    except UsageError as error:
        raise UsageError(f"{settings.zone_source}: {error.message}", error.hint) from None


def _check_network(settings: Settings) -> None:
    """Refuse geo-IP where nothing may be asked for: the zone would not be what was wanted."""
    if settings.geoip and settings.offline:
        origins = f"{settings.origins['geoip']} needs the network, "
        message = f"{origins}which {settings.origins['offline']} forbids"
        raise UsageError(message, "leave one of them out, or name the place with --zone")


def _check_provider(settings: Settings) -> None:
    """Refuse a service that cannot be asked: without its key or address."""
    is_asked = settings.intensity_g_per_kwh is None and not settings.offline
    if settings.provider == "bundled" or not is_asked:
        return
    from carbonrun.intensity.model import IntensityUnavailable
    from carbonrun.intensity.providers.registry import check_service, key_of
    from carbonrun.intensity.services import service_named

    service = service_named(settings.provider)
    try:
        key = key_of(service, os.environ, settings.keys)
        check_service(service, settings.intensity_url, key)
    except IntensityUnavailable as error:
        raise UsageError(error.reason, _with_old_setting(error.hint, settings)) from None


def _with_old_setting(hint: str | None, settings: Settings) -> str | None:
    """Return the hint, with what became of CO2 Signal where that is still set up."""
    from carbonrun.intensity.co2_signal import old_setting

    old = old_setting(os.environ, settings.keys)
    return hint if old is None else f"{hint or ''}; {old} counts no more: {CO2_SIGNAL_HINT}"
