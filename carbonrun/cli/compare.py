"""``carbonrun compare``: which of several commands uses less, as far as that can be told."""

from __future__ import annotations

import typer  # noqa: TC002 - typer evaluates the annotations

from carbonrun.cli import comparison_options as opt  # noqa: TC001
from carbonrun.cli.comparison_session import SAVE, Wishes, run_comparison
from carbonrun.cli.run_options import given
from carbonrun.compare.commands import commands_of
from carbonrun.compare.session import Hooks
from carbonrun.durations import parse_duration
from carbonrun.errors import UsageError
from carbonrun.options import OF_ACCOUNTS, OF_LATER_STARTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# A comparison has outputs of its own, and names of its own for the commands.
LEFT_OUT = (
    "csv", "json", "summary", "top", "flame", "live", "name", "metrics", "junit", "max-energy",
    "max-co2e", "on-exceed", *OF_LATER_STARTS, *OF_ACCOUNTS,
)  # fmt: skip
_FILES = (
    (SAVE, "json"), ("--export-csv", "csv"), ("--export-json", "json"),
    ("--export-markdown", "markdown"), ("--export-svg", "svg"),
)  # fmt: skip
_NOTHING = ("0", "0s", "none")


def compare(  # noqa: PLR0913 - one parameter for each option
    ctx: typer.Context,
    *,
    commands: opt.Commands = None,
    vary: opt.Vary = None,
    command_name: opt.Names = None,
    work: opt.Work = None,
    warmup: opt.Warmup = 1,
    runs: opt.Runs = None,
    max_runs: opt.MaxRuns = 30,
    precision: opt.Precision = "2%",
    rerun_busy: opt.RerunBusy = False,
    repeats: opt.Repeats = None,
    seed: opt.Seed = None,
    shell: opt.Shell = "/bin/sh",
    ignore_failure: opt.IgnoreFailure = False,
    setup: opt.Setup = None,
    prepare: opt.Prepare = None,
    conclude: opt.Conclude = None,
    cleanup: opt.Cleanup = None,
    settle: opt.Settle = "5s",
    output: opt.Output = "null",
    input_path: opt.Input = None,
    equivalence: opt.Equivalence = "2%",
    save: opt.Save = None,
    baseline: opt.Baseline = None,
    fail_if_worse: opt.FailIfWorse = None,
    export_csv: opt.ExportCsv = None,
    export_json: opt.ExportJson = None,
    export_markdown: opt.ExportMarkdown = None,
    export_svg: opt.ExportSvg = None,
) -> int:
    """Compare commands by energy and time, in random order, and say how sure the answer is.

    Every run is a run of carbonrun; the first command is what the others are compared with.
    """
    texts, words = _split(commands or [], ctx.obj.words)
    found = commands_of(texts, words, vary or [], command_name or [], work or [], shell)
    wishes = Wishes(
        flags=given(ctx, ctx.obj.flags),
        commands=tuple(found),
        warm_up=warmup,
        runs=runs,
        most_runs=max_runs,
        precision=_percent("--precision", precision),
        reruns=rerun_busy,
        repeats=repeats,
        seed=seed,
        shell=shell,
        goes_on=ignore_failure,
        hooks=Hooks(
            setup=_hooks("--setup", setup, len(found)),
            prepare=_hooks("--prepare", prepare, len(found)),
            conclude=_hooks("--conclude", conclude, len(found)),
            cleanup=_hooks("--cleanup", cleanup, len(found)),
        ),
        settle_seconds=_seconds("--settle", settle),
        output=output,
        input_path=input_path,
        band=_percent("--equivalence", equivalence),
        baseline=baseline,
        allowed=None if fail_if_worse is None else _allowed("--fail-if-worse", fail_if_worse),
        files=_files((save, export_csv, export_json, export_markdown, export_svg)),
    )
    return run_comparison(ctx.obj, wishes)


def _split(arguments: Sequence[str], typed: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the command lines before ``--``, and the words of the command behind it."""
    behind = list(typed[typed.index("--") + 1 :]) if "--" in typed else []
    return list(arguments[: len(arguments) - len(behind)]), behind


def _files(paths: tuple[str | None, ...]) -> tuple[tuple[str, str, str], ...]:
    """Return option, format and path of each file that was asked for."""
    return tuple((*of, path) for of, path in zip(_FILES, paths, strict=True) if path is not None)


def _hooks(flag: str, texts: list[str] | None, count: int) -> tuple[str, ...]:
    texts = texts or []
    if len(texts) not in {0, 1, count}:
        message = f"compare: {flag} was given {len(texts)} times for {count} commands"
        raise UsageError(message, "give it once for all, or once for each")
    return tuple(texts)


def _percent(flag: str, text: str) -> float:
    try:
        part = float(text.strip().removesuffix("%")) / 100
    except ValueError:
        part = -1.0
    if not 0 < part <= 10:  # noqa: PLR2004 - ten times as much
        message = f"compare: {flag} {text!r}: must be a percentage above 0, for example 5%"
        raise UsageError(message)
    return part


def _allowed(flag: str, text: str) -> float:
    """Return a limit, which may be 0 %: then whatever is certainly worse fails."""
    return 0.0 if text.strip().removesuffix("%").strip() == "0" else _percent(flag, text)


def _seconds(flag: str, text: str) -> float:
    if text in _NOTHING:
        return 0.0
    try:
        return parse_duration(text)
    except ValueError as error:
        message = f"compare: {flag} {text!r}: {error}"
        raise UsageError(message) from None
