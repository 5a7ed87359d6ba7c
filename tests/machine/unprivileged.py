"""Run a function as somebody whom file permissions hold back."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Source: the user "nobody" has this number on every Linux distribution.
NOBODY = 65534


def run_unprivileged(function: Callable[[], Any]) -> Any:
    """Return what ``function`` returns without privileges; it must be plain JSON data.

    As root this forks and becomes nobody; another user is unprivileged already. What the function
    imports must have been imported before: nobody may not be allowed to read the interpreter.

    Raises:
        AssertionError: the function raised; the message is its traceback.
    """
    if os.geteuid() != 0:
        return function()
    receive, send = os.pipe()
    pid = os.fork()
    if pid == 0:
        _child(function, send)
    os.close(send)
    with os.fdopen(receive, "rb") as pipe:
        answer = json.loads(pipe.read() or b'{"error": "the child died"}')
    os.waitpid(pid, 0)
    if "error" in answer:
        raise AssertionError(answer["error"])
    return answer["result"]


def _child(function: Callable[[], Any], send: int) -> None:
    try:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        answer: dict[str, Any] = {"result": function()}
    except BaseException:  # noqa: BLE001 - the parent raises it again
        answer = {"error": traceback.format_exc()}
    os.write(send, json.dumps(answer).encode())
    os._exit(0)


@contextmanager
def public_folder() -> Iterator[Path]:
    """Give a temporary folder that everybody may enter, as pytest's own is private."""
    folder = Path(tempfile.mkdtemp(prefix="carbonrun-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
