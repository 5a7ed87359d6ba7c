"""The table for notebooks."""

from __future__ import annotations

from html.parser import HTMLParser

from carbonrun.report.html_table import html_table
from tests.unit.report.sample_report import REPORT, RUN, UNKNOWN, with_command


class Balance(HTMLParser):
    """Checks that every element is closed, and collects what is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.names.add(tag)
        assert {name for name, _ in attrs} <= {"class", "scope"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"


def read(html: str) -> Balance:
    page = Balance()
    page.feed(html)
    page.close()
    assert page.open == []
    return page


def test_all_that_counts_is_shown() -> None:
    page = read(html_table(REPORT))
    for text in ("nightly", "exit 0 after 42.3 s", "CPU package-0", "build", "link (3 times)"):
        assert text in page.text
    assert "16.0 mg CO2e" in page.text


def test_what_is_hostile_is_text() -> None:
    hostile = "<script>alert(1)</script>"
    report = with_command(hostile)
    page = read(html_table(report.replace(run=RUN.replace(name=hostile))))
    assert "script" not in page.names
    assert hostile in page.text


def test_a_report_of_which_nothing_is_known() -> None:
    assert "killed by SIGKILL" in read(html_table(UNKNOWN)).text
