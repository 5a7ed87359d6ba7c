"""What at, systemd-run and sbatch are given, run by the shell that they would use."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonrun.later.jobs import (
    Task,
    at_job,
    batch_lines,
    quoted,
    slurm_job,
    systemd_job,
)

# 2026-11-30 22:00:00 UTC
START = 1796076000.0
NOW = START - 7200.0
PROGRAM = (
    b"import os, sys; o = sys.stdout.buffer; o.write(b'\\0'.join(map(os.fsencode, sys.argv[1:])))"
)
SHOW = (sys.executable.encode(), b"-S", b"-c", PROGRAM)
NASTY = (b"a b", b"", b"$HOME ${X} $$", b'it\'s "q" `date`', b"\xff\xfe", b"new\nline\n", b"%n \\")


def utc(form: str, at: float) -> str:
    return time.strftime(form, time.gmtime(at))


def task(*words: bytes, root: bool = False, folder: bytes = b"/", **environment: str) -> Task:
    return Task(
        words=words,
        name="carbonrun-x",
        number="1-2",
        folder=folder,
        environment={k.encode(): v.encode() for k, v in environment.items()},
        is_root=root,
    )


def shell(script: bytes, **environment: str) -> bytes:
    result = subprocess.run(["/bin/sh"], input=script, capture_output=True, check=True,
                            env={"PATH": os.defpath, **environment})  # fmt: skip
    return result.stdout


def test_at_is_told_the_minute_in_utc() -> None:
    job = at_job(task(b"make", b"a b"), START + 59.0, NOW, utc)
    assert job.words == (b"at", b"-t", b"202611302200")
    assert job.timezone == "UTC0"
    assert job.script == b"unset TZ\nmake 'a b'\n"


def test_at_gives_the_time_zone_back() -> None:
    job = at_job(task(b"sh", b"-c", b"echo $TZ", TZ="Europe/London"), START, NOW, utc)
    assert shell(job.script or b"", TZ="UTC0") == b"Europe/London\n"


@pytest.mark.parametrize("start", [None, NOW, NOW + 0.5])
def test_at_starts_at_once_what_is_due(start: float | None) -> None:
    now = NOW + 30.0
    start = None if start is None else start + 30.0
    assert at_job(task(b"make"), start, now, utc).words == (b"at", b"now")


def test_systemd_gets_words_and_a_timer() -> None:
    environment = {"PATH": "/bin", "HOME": "/h", "LC_ALL": "C", "CARBONRUN_ZONE": "FR",
                   "CARBONRUN_NESO_KEY": "s3", "CARBONRUN_REDFISH_PASSWORD": "s3"}  # fmt: skip
    wanted = task(b"/x", b"a b", b"$HOME", folder=b"/w")
    wanted = wanted.replace(environment={k.encode(): v.encode() for k, v in environment.items()})
    job = systemd_job(wanted, START, utc)
    assert job.script is None
    assert job.words == (
        b"systemd-run", b"--user", b"--collect", b"--unit=carbonrun-x-1-2",
        b"--on-calendar=2026-11-30 22:00:00 UTC", b"--timer-property=AccuracySec=1s",
        b"--working-directory=/w", b"--setenv=CARBONRUN_ZONE=FR", b"--setenv=LC_ALL=C",
        b"--setenv=PATH=/bin", b"--", b"/x", b"a b", b"$$HOME",
    )  # fmt: skip


def test_systemd_of_root_and_at_once() -> None:
    job = systemd_job(task(b"/x", root=True), None, utc)
    assert job.words == (
        b"systemd-run", b"--collect", b"--unit=carbonrun-x-1-2", b"--working-directory=/",
        b"--", b"/x",
    )  # fmt: skip


def test_sbatch_gets_a_script_with_the_directives_of_the_command() -> None:
    job = slurm_job(task(b"./job.sh"), START, NOW)
    assert job.words == (b"sbatch", b"--begin=now+7200", b"--job-name=carbonrun-x")
    assert job.script == b"#!/bin/sh\nexec ./job.sh\n"
    lines = batch_lines(
        b"#!/bin/bash\n#SBATCH --mem=4G\n# x\n\n#SBATCH -J mine\nls\n#SBATCH -n 2\n"
    )
    assert lines == (b"#SBATCH --mem=4G", b"#SBATCH -J mine")
    named = slurm_job(task(b"./job.sh").replace(batch_lines=lines), None, NOW)
    assert named.words == (b"sbatch",)
    assert named.script == b"#!/bin/sh\n" + b"\n".join(lines) + b"\nexec ./job.sh\n"
    assert batch_lines(b"\x7fELF#SBATCH") == ()
    assert batch_lines(b"#!/bin/sh\n#SBATCH -n 2\n") == (b"#SBATCH -n 2",)


def test_a_script_is_byte_for_byte_what_was_typed() -> None:
    for job in (at_job(task(*SHOW, *NASTY), START, NOW, utc),
                slurm_job(task(*SHOW, *NASTY), START, NOW)):  # fmt: skip
        assert shell(job.script or b"") == b"\0".join(NASTY)


def test_systemd_gets_bytes_through_utf8(tmp_path: Path) -> None:
    """Its own part, undoing ``$$``, is done here; then the words are run as they are."""
    folder = os.fsencode(tmp_path) + b"/\xff $d"
    Path(os.fsdecode(folder)).mkdir()
    show = (*SHOW[:-1], PROGRAM + b"; o.write(b'\\0' + os.getcwdb())")
    job = systemd_job(task(*show, *NASTY, folder=folder), None, utc)
    assert all(word.isascii() for word in job.words)
    words = [w.replace(b"$$", b"$") for w in job.words[job.words.index(b"--") + 1 :]]
    result = subprocess.run(words, capture_output=True, check=True)
    assert result.stdout == b"\0".join((*NASTY, folder))


@settings(deadline=None, max_examples=25)
@given(st.lists(st.binary(max_size=30).map(lambda w: w.replace(b"\0", b"")), max_size=5))
def test_any_words_survive_a_shell(words: list[bytes]) -> None:
    script = b"printf '%s\\0' x " + b" ".join(map(quoted, words)) + b"\n"
    assert shell(script).split(b"\0")[1:-1] == words
