"""Writes the whole report as JSON, schema ``carbonrun.report/1`` (``schema.json`` beside this)."""

from __future__ import annotations

import json

from carbonrun.report.output import write_all, write_output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report

STANDARD_ERROR = 2
# For --json: not a file.
TO_STANDARD_ERROR = "-"


def to_json(report: Report) -> str:
    r"""Return the report as ASCII with a final newline; bytes that are no UTF-8 as ``\udcXX``.

    Raises:
        ValueError: it holds a number that is not finite.
    """
    return json.dumps(report.as_dict(), indent=2, allow_nan=False) + "\n"


def write_json(path: str, report: Report) -> None:
    """Write the report to a file (see :func:`write_output`), or to standard error for ``-``.

    Raises:
        OSError: it could not be written.
        ValueError: it has no JSON form.
    """
    write_json_text(path, to_json(report))


def write_json_text(path: str, text: str) -> None:
    """Write JSON of whatever kind as :func:`write_json` does.

    Raises:
        OSError: it could not be written.
    """
    content = text.encode("ascii")
    if path == TO_STANDARD_ERROR:
        write_all(STANDARD_ERROR, content)
    else:
        write_output(path, content)
