"""The options of ``carbonrun compare`` that are not those of a run."""

from __future__ import annotations

from typing import Annotated

import typer

_RUNS, _AROUND, _RESULT = "Runs", "Around the runs", "Result"


def _option(*names: str, help_text: str, panel: str, **more: object) -> object:
    return typer.Option(*names, help=help_text, rich_help_panel=panel, **more)  # type: ignore[arg-type]


Commands = Annotated[
    list[str] | None,
    typer.Argument(metavar="'COMMAND'...", help="Whole command lines; behind -- one in words."),
]
Warmup = Annotated[
    int, _option("--warmup", help_text="Runs of each that do not count.", panel=_RUNS, min=0)
]
Runs = Annotated[
    int | None,
    _option(
        "--runs",
        help_text="Runs of each that count. [as many as --precision needs, at least 10]",
        panel=_RUNS, min=1, max=1000,
    ),
]  # fmt: skip
MaxRuns = Annotated[
    int,
    _option("--max-runs", help_text="The most runs of each.", panel=_RUNS, min=1, max=1000),
]
Precision = Annotated[
    str,
    _option(
        "--precision", metavar="PERCENT", panel=_RUNS,
        help_text="Stop when the interval of the ratio is that narrow, either way.",
    ),
]  # fmt: skip
RerunBusy = Annotated[
    bool,
    _option(
        "--rerun-busy", panel=_RUNS,
        help_text="Run a round again if other programs or heat disturbed it, within --max-runs; "
        "the first time is kept in files and does not count.",
    ),
]  # fmt: skip
Repeats = Annotated[
    int | None,
    _option(
        "--repeats", help_text="Executions in one run. [more than 1 for short commands]",
        panel=_RUNS, min=1, max=1_000_000,
    ),
]  # fmt: skip
Seed = Annotated[
    int | None, _option("--seed", help_text="Of the random order. [a new one]", panel=_RUNS)
]
Vary = Annotated[
    list[str] | None,
    _option(
        "--vary", metavar="NAME=VALUE,VALUE", panel=_RUNS,
        help_text="Compare the command with each value in the place of {NAME}. May be repeated.",
    ),
]  # fmt: skip
Names = Annotated[
    list[str] | None,
    _option("-n", "--command-name", metavar="TEXT", help_text="What a command is called.",
            panel=_RUNS),
]  # fmt: skip
Work = Annotated[
    list[float] | None,
    _option(
        "--work", metavar="UNITS", panel=_RUNS,
        help_text="Units of work that a command does, for joules per unit.",
    ),
]  # fmt: skip
Shell = Annotated[
    str,
    _option("--shell", metavar="SHELL", panel=_RUNS,
            help_text="Runs the command lines; none starts them without a shell."),
]  # fmt: skip
IgnoreFailure = Annotated[
    bool, _option("--ignore-failure", help_text="Go on if a command fails.", panel=_RUNS)
]
Settle = Annotated[
    str,
    _option(
        "--settle", metavar="TIME", panel=_AROUND,
        help_text="The longest wait before a run for idle power and temperature; 0 is none.",
    ),
]  # fmt: skip
Output = Annotated[
    str,
    _option("--output", metavar="null|pipe|inherit|FILE", panel=_AROUND,
            help_text="Where the commands write to."),
]  # fmt: skip
Input = Annotated[
    str | None,
    _option("--input", metavar="FILE", help_text="What the commands read. [nothing]",
            panel=_AROUND),
]  # fmt: skip
Setup = Annotated[
    list[str] | None,
    _option("--setup", metavar="COMMAND", help_text="Run once for each command, before all.",
            panel=_AROUND),
]  # fmt: skip
Prepare = Annotated[
    list[str] | None,
    _option("--prepare", metavar="COMMAND", help_text="Run before each run, unmeasured.",
            panel=_AROUND),
]  # fmt: skip
Conclude = Annotated[
    list[str] | None,
    _option("--conclude", metavar="COMMAND", help_text="Run after each run, unmeasured.",
            panel=_AROUND),
]  # fmt: skip
Cleanup = Annotated[
    list[str] | None,
    _option("--cleanup", metavar="COMMAND", help_text="Run once for each command, after all.",
            panel=_AROUND),
]  # fmt: skip
Equivalence = Annotated[
    str,
    _option("--equivalence", metavar="PERCENT", help_text="What counts as the same.",
            panel=_RESULT),
]  # fmt: skip
Save = Annotated[
    str | None,
    _option("--save", metavar="FILE", help_text="Keep all runs, as a baseline for later.",
            panel=_RESULT),
]  # fmt: skip
Baseline = Annotated[
    str | None,
    _option("--baseline", metavar="FILE", help_text="Compare with a saved one as well.",
            panel=_RESULT),
]  # fmt: skip
FailIfWorse = Annotated[
    str | None,
    _option(
        "--fail-if-worse", metavar="PERCENT", panel=_RESULT,
        help_text="Leave with status 122 if a command uses so much more energy than the baseline "
        "(else the first one) for certain: by the lower end of the interval.",
    ),
]  # fmt: skip
ExportCsv = Annotated[
    str | None,
    _option("--export-csv", metavar="FILE", help_text="Write all runs as CSV.", panel=_RESULT),
]
ExportJson = Annotated[
    str | None,
    _option("--export-json", metavar="FILE", help_text="Write everything as JSON.", panel=_RESULT),
]
ExportMarkdown = Annotated[
    str | None,
    _option("--export-markdown", metavar="FILE", help_text="Write tables.", panel=_RESULT),
]
ExportSvg = Annotated[
    str | None,
    _option("--export-svg", metavar="FILE", help_text="Draw runs and intervals.", panel=_RESULT),
]
