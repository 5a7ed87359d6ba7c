"""Secrets leave the command line before it is recorded; everything else stays as it was."""

from __future__ import annotations

import shlex
import string
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.report.mask import MASK, mask_command
from tests.unit.report.command_lines import (
    KNOWN_TOKENS,
    PIN,
    PLAIN,
    SECRET,
    UNTOUCHED,
    WITH_SECRETS,
)


@pytest.mark.parametrize("command", WITH_SECRETS, ids=shlex.join)
def test_secrets_are_masked(command: list[str]) -> None:
    masked = mask_command(command)
    shown = "\0".join(masked)
    assert [secret for secret in (SECRET, PLAIN, PIN) if secret in shown] == []
    assert MASK in shown
    assert masked[0] == command[0]
    assert len(masked) == len(command)


@pytest.mark.parametrize("token", KNOWN_TOKENS, ids=lambda token: token[:6])
@pytest.mark.parametrize("form", ["{}", "--x={}", "https://x.test/{}/y", "echo {} >file", "'{}'"])
def test_tokens_are_known_by_their_form(token: str, form: str) -> None:
    masked = mask_command(["app", form.format(token)])
    assert masked == ("app", form.format(MASK))


@pytest.mark.parametrize("command", UNTOUCHED, ids=shlex.join)
def test_what_is_no_secret_stays(command: list[str]) -> None:
    assert mask_command(command) == tuple(command)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["app", "--token=abc", "--n=1"], ["app", "--token=***", "--n=1"]),
        (["app", "--token", "abc", "--n", "1"], ["app", "--token", "***", "--n", "1"]),
        (["env", "PASSWORD=abc", "make"], ["env", "PASSWORD=***", "make"]),
        (
            ["git", "clone", "https://joe:abc@git.test/x.git"],
            ["git", "clone", "https://joe:***@git.test/x.git"],
        ),
        (
            ["curl", "-d", '{"user": "joe", "password": "abc", "n": 1}'],
            ["curl", "-d", '{"user": "joe", "password": "***", "n": 1}'],
        ),
        (["curl", "-u", "joe:abc", "x.test"], ["curl", "-u", "joe:***", "x.test"]),
        (
            ["curl", "-H", "Authorization: Bearer abc", "x.test"],
            ["curl", "-H", "Authorization: ***", "x.test"],
        ),
        (
            ["curl", "https://x.test/?access_token=abc&page=2"],
            ["curl", "https://x.test/?access_token=***&page=2"],
        ),
        (
            ["sh", "-c", "cd x; TOKEN=abc ./run --fast >log"],
            ["sh", "-c", "cd x; TOKEN=*** ./run --fast >log"],
        ),
    ],
)
def test_what_is_around_the_secret_stays(command: list[str], expected: list[str]) -> None:
    assert mask_command(command) == tuple(expected)


def test_an_option_without_a_value_does_not_eat_the_next_option() -> None:
    assert mask_command(["app", "--token", "--verbose", "x"]) == (
        "app",
        "--token",
        "--verbose",
        "x",
    )


def test_the_users_own_patterns() -> None:
    command = ["run", "--site", "ACME-1234", "acme-5", "--token=abc"]
    assert mask_command(command, [r"ACME-\d+"]) == ("run", "--site", MASK, "acme-5", "--token=***")
    assert mask_command(command, [r"(?i)acme-\d+", "run"]) == (
        *(MASK, "--site", MASK, MASK, "--token=***"),
    )


def test_an_ordinary_command_does_not_load_the_rules() -> None:
    # Masking is on the way of every run; to import re costs as much as the rest of the report.
    code = f"""
import sys
sys.path[:] = {sys.path!r}
from carbonrun.report.mask import mask_command
mask_command(["make", "-j8", "all"])
sys.exit("re" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False).returncode == 0


NAMES = st.sampled_from(
    [
        "--token",
        "--password",
        "TOKEN",
        "PASSWORD",
        "api_key",
        "-u",
        "--user",
        "-H",
        "-p",
        "--x",
        "x",
    ]
)
PIECES = st.one_of(
    NAMES,
    st.sampled_from(
        ["=", ":", " ", '"', "'", "joe:pw", "https://", "a:b@c/", "{", "}", "Authorization: ", MASK]
    ),
    st.text(alphabet=string.printable + "\u00e9\udce9", max_size=6),
    st.sampled_from(KNOWN_TOKENS),
)
WORDS = st.lists(PIECES, max_size=6).map("".join)


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_masking_keeps_the_number_of_words_and_is_idempotent(command: list[str]) -> None:
    masked = mask_command(command)
    assert len(masked) == len(command)
    assert mask_command(masked) == masked


@given(
    st.sampled_from(["--token={}", "PASSWORD={}", "https://joe:{}@x.test/", "api_key={}"]),
    st.text(alphabet=string.ascii_letters + string.digits, min_size=12, max_size=30),
)
def test_no_secret_of_letters_and_digits_survives(form: str, secret: str) -> None:
    assert secret not in " ".join(mask_command(["run", form.format(secret)]))
    assert secret not in " ".join(mask_command(["sh", "-c", f"run {form.format(secret)} && x"]))


@pytest.mark.parametrize("trace", ["", "token", "https://", "--token=x ", '"password": "', "eyJ"])
@pytest.mark.parametrize("filling", ["a", "ab-", "a.b_", "a:", '"', "key ", "://", "0f"])
def test_a_very_long_word_takes_no_time(trace: str, filling: str) -> None:
    # A word may have 128 KiB, and carbonrun has to pass signals on meanwhile.
    word = trace + filling * (120_000 // len(filling)) + trace
    start = time.process_time()
    mask_command(["python", "-c", word])
    assert time.process_time() - start < 1.0


@given(st.binary(max_size=60))
def test_bytes_that_are_no_text_do_no_harm(raw: bytes) -> None:
    word = raw.decode("utf-8", "surrogateescape")
    assert mask_command(["--token", "x", word])[:2] == ("--token", MASK)
