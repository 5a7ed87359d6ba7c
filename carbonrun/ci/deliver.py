"""Gives a report to the build service: the step's summary, annotations, metrics, JUnit."""

from __future__ import annotations

from carbonrun.ci.github import budget_annotations, continued, table_row
from carbonrun.ci.junit import to_junit
from carbonrun.ci.openmetrics import merged
from carbonrun.ci.services import GITHUB, find_service
from carbonrun.ci.shared_file import append_to, rewrite
from carbonrun.report.budget import WARN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.report.model import Report
    from carbonrun.settings import Settings

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
OFF = "none"


def wants_step_summary(settings: Settings, environment: Mapping[str, str]) -> str | None:
    """Return the path of the step's summary, None if there is none to write to."""
    service = None if settings.ci == OFF else find_service(environment)
    is_github = service is not None and service.name == GITHUB
    return (environment.get(STEP_SUMMARY) or None) if is_github else None


def write_step_summary(path: str, report: Report, settings: Settings) -> list[str]:
    """Append the row of a run; return the annotations that belong to it.

    Raises:
        OSError: it could not be written.
    """
    row = table_row(report)
    before = append_to(path, lambda text: continued(text, row))
    return budget_annotations(report, before, is_error=settings.on_exceed != WARN)


def write_metrics(path: str, report: Report) -> None:
    """Put the figures of a run into a file of metrics.

    Raises:
        OSError: it could not be written.
    """
    rewrite(path, lambda before: merged(before, report))


def write_junit(path: str, report: Report, settings: Settings) -> None:
    """Write the run as a test case.

    Raises:
        OSError: it could not be written.
    """
    rewrite(path, lambda _before: to_junit(report, fails=settings.on_exceed != WARN))
