"""The command gets its arguments byte for byte, under the name that was typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.wrapper import CARBONRUN, LOUD, WRAPPER, Sandbox, probe, require_carbonrun

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHOW = probe("show_arguments.py")
# No locale at all is the last one: the variables are empty, which means unset.
LOCALES = [{"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LANG": ""}]
LIKELY_NAMES = [
    "run",
    "report",
    "compare",
    "monitor",
    "attach",
    "mark",
    "doctor",
    "calibrate",
    "intensity",
    "history",
    "dashboard",
    "serve",
    "sync",
    "config",
    "help",
    "version",
    "record",
    "stat",
    "measure",
]


def arrived(
    sandbox: Sandbox, arguments: Sequence[bytes | str], env: dict[str, str] | None = None
) -> list[bytes]:
    result = sandbox.run([*WRAPPER, *SHOW, *arguments], env=env)
    assert result.status == 0, result.stderr[:500]
    return result.stdout.split(b"\0")[:-1]


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_every_argument_arrives_byte_for_byte(sandbox: Sandbox) -> None:
    arguments = ["", " ", "two words", "'", '"', "\\", "\\n", "a\nb", "\t", "*", "~", "$HOME"]
    arguments += ["", "-", "--", "---", "-q", "--help", "=", "a=b", "é", "\x1b[31m", "%s", "{}", ""]
    assert arrived(sandbox, arguments) == [argument.encode() for argument in arguments]


def test_options_after_the_command_belong_to_the_command(sandbox: Sandbox) -> None:
    arguments = ["--help", "--version", "-q", "--csv", "out.csv", "--json=-", "-h"]
    assert arrived(sandbox, arguments) == [argument.encode() for argument in arguments]
    assert not (sandbox.work / "out.csv").exists()


def test_an_inner_double_dash_is_passed_on(sandbox: Sandbox) -> None:
    assert arrived(sandbox, ["log", "--", "path", "--"]) == [b"log", b"--", b"path", b"--"]
    bare, wrapped = sandbox.both(["sh", "-c", 'echo "$0" "$@"', "--", "x", "--", "y"])
    assert wrapped == bare


@pytest.mark.parametrize("locale", LOCALES)
def test_arguments_that_are_not_utf8_arrive_unchanged(
    sandbox: Sandbox, locale: dict[str, str]
) -> None:
    arguments = [
        b"\xff\xfe",
        b"caf\xe9",
        b"\x80",
        b"\xed\xa0\x80",
        b"\xc3\xa9",
        b"\xf4\x90\x80\x80",
    ]
    assert arrived(sandbox, arguments, locale) == arguments


@pytest.mark.parametrize("locale", LOCALES)
def test_a_command_whose_name_is_not_utf8_is_run(sandbox: Sandbox, locale: dict[str, str]) -> None:
    name = b"./caf\xe9\xff"
    executable(sandbox.work / "plain", "#!/bin/sh\nexit 6\n").rename(
        sandbox.work / name.decode("utf-8", "surrogateescape")
    )
    assert sandbox.run([*WRAPPER, name], env=locale).status == 6


def test_an_argument_of_100_000_bytes(sandbox: Sandbox) -> None:
    assert arrived(sandbox, ["x" * 100_000]) == [b"x" * 100_000]


def test_one_megabyte_of_arguments(sandbox: Sandbox) -> None:
    arguments = [f"{number:04d}".encode() * 1024 for number in range(256)]
    assert arrived(sandbox, arguments) == arguments


@pytest.mark.parametrize("name", LIKELY_NAMES)
def test_a_command_that_is_named_like_a_subcommand_is_run(sandbox: Sandbox, name: str) -> None:
    folder = sandbox.work / "bin"
    folder.mkdir()
    executable(folder / name, '#!/bin/sh\necho "mine $*"\nexit 5\n')
    path = f"{folder}:{sandbox.environment['PATH']}"
    result = sandbox.run([*WRAPPER, name, "--help"], env={"PATH": path})
    assert (result.status, result.stdout) == (5, b"mine --help\n")


def test_argv0_is_what_was_typed(sandbox: Sandbox) -> None:
    bare, wrapped = sandbox.both(["cat", "/proc/self/cmdline"])
    assert wrapped.stdout == bare.stdout == b"cat\0/proc/self/cmdline\0"
    (sandbox.work / "here").symlink_to("/bin/cat")
    bare, wrapped = sandbox.both(["./here", "/proc/self/cmdline"])
    assert wrapped.stdout == bare.stdout == b"./here\0/proc/self/cmdline\0"


def test_a_relative_command_is_looked_up_in_the_working_directory(sandbox: Sandbox) -> None:
    executable(sandbox.work / "tool", "#!/bin/sh\nexit 3\n")
    assert sandbox.run([*WRAPPER, "./tool"]).status == 3
    (sandbox.work / "sub").mkdir()
    assert sandbox.run([*WRAPPER, "../tool"], cwd=sandbox.work / "sub").status == 3


def test_the_path_of_the_call_is_honoured(sandbox: Sandbox) -> None:
    for name, status in (("first", 3), ("second", 4)):
        (sandbox.work / name).mkdir()
        executable(sandbox.work / name / "tool", f"#!/bin/sh\nexit {status}\n")
    # The second entry is relative; before it one that does not exist.
    path = f"/nonexistent:second:{sandbox.work / 'first'}:/usr/bin:/bin"
    assert sandbox.run([*WRAPPER, "tool"], env={"PATH": path}).status == 4


def test_a_file_on_the_path_that_is_not_executable_is_passed_over(sandbox: Sandbox) -> None:
    for name in ("first", "second"):
        (sandbox.work / name).mkdir()
    (sandbox.work / "first" / "tool").write_text("#!/bin/sh\nexit 3\n")
    executable(sandbox.work / "second" / "tool", "#!/bin/sh\nexit 4\n")
    path = f"{sandbox.work / 'first'}:{sandbox.work / 'second'}:/usr/bin:/bin"
    assert sandbox.run([*WRAPPER, "tool"], env={"PATH": path}).status == 4


def test_an_executable_text_without_interpreter_line_is_run_by_sh(sandbox: Sandbox) -> None:
    script = executable(sandbox.work / "script", 'echo "ran $1"\nexit 9\n')
    result = sandbox.run([*WRAPPER, str(script), "it"])
    assert (result.status, result.stdout) == (9, b"ran it\n")


@pytest.mark.parametrize("dashes", [[], ["--"]])
def test_the_first_double_dash_is_optional(sandbox: Sandbox, dashes: list[str]) -> None:
    require_carbonrun()
    words = [*CARBONRUN, "-q", *dashes, *SHOW, "--", "-q", "--help", "--"]
    result = sandbox.run(words)
    assert (result.status, result.stdout) == (0, b"--\0-q\0--help\0--\0")


def test_posixly_correct_changes_nothing(sandbox: Sandbox) -> None:
    result = sandbox.run([*LOUD, *SHOW, "-q"], env={"POSIXLY_CORRECT": "1"})
    assert (result.status, result.stdout) == (0, b"-q\0")
