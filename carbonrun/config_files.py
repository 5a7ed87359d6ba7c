"""Finding and reading configuration files.

Responsible for: which files count, and their tables as TOML has them.
Not responsible for: the keys in them (:mod:`carbonrun.config_layers`).

The user's file is ``carbonrun/config.toml`` in ``$XDG_CONFIG_HOME`` (else ``~/.config``). The
project's file is the nearest ``carbonrun.toml``, or ``pyproject.toml`` with ``[tool.carbonrun]``,
in the working directory or above it, up to the root; in one directory ``carbonrun.toml`` wins. A
file above the working directory decides where reports are written, so it must belong to the user,
to root, or to the owner of the working directory: somebody else's ``/tmp/carbonrun.toml`` is passed
over.
"""

from __future__ import annotations

import os
import sys

from carbonrun.errors import ConfigError
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

USER = "user"
PROJECT = "project"
CHOSEN = "chosen"

READ = "read"
ABSENT = "absent"
FOREIGN = "passed over: it belongs to another user"
UNREADABLE = "passed over: it cannot be read"

# Nobody writes so much by hand; /dev/zero has no end.
MOST_BYTES = 1 << 20

_REGULAR, _KIND_OF_FILE = 0o100000, 0o170000
# How TOML may spell our table, without blanks and quotes.
_SPELLINGS = (b"tool.carbonrun", b"[tool]", b"tool={")


class ConfigFile(Record):
    """A configuration file that was looked for.

    Attributes:
        path: where it is or would be.
        role: ``user``, ``project`` or ``chosen`` (by --config).
        state: ``read``, ``absent``, or why it was passed over.
        table: its settings; empty unless it was read.
    """

    path: str
    role: str
    state: str
    table: dict[str, Any]


def find_files(
    chosen: str | None, config_home: str | None, cwd: str | None, uid: int
) -> tuple[ConfigFile, ...]:
    """Return the files looked for, weakest first; a chosen file replaces all others.

    Raises:
        ConfigError: a file is not to be read, or is not TOML.
    """
    if chosen is not None:
        return (_read(chosen, CHOSEN, must_exist=True),)
    files = []
    if config_home is not None:
        files.append(_read(f"{config_home}/carbonrun/config.toml", USER))
    if cwd is not None:
        files.extend(_project_files(cwd, uid))
    return tuple(files)


def xdg_folder(
    environment: Mapping[str, str], variable: str, home: str | None, below_home: str
) -> str | None:
    """Return one of the XDG base directories, or None without a home.

    Source: XDG Base Directory Specification; paths that are not absolute are to be ignored.
    """
    given = environment.get(variable, "")
    if os.path.isabs(given):  # noqa: PTH117
        return given
    return f"{home}/{below_home}" if home else None


def own_uid() -> int:
    """Return whose files are trusted; on Windows every file belongs to the same number, 0."""
    if sys.platform == "win32":
        return 0
    return os.geteuid()


def home_of(uid: int) -> str | None:
    """Return the home directory that the user data base has, for where HOME is not set."""
    if sys.platform == "win32":
        return os.environ.get("USERPROFILE")
    import pwd

    try:
        return pwd.getpwuid(uid).pw_dir or None
    except KeyError:
        return None


def _project_files(cwd: str, uid: int) -> Iterator[ConfigFile]:
    """Yield the project's file and before it those that were passed over."""
    trusted = {0, uid}
    folder = cwd
    while True:
        for name in ("carbonrun.toml", "pyproject.toml"):
            path = f"{folder.rstrip('/')}/{name}"
            owner = _owner(path)
            if owner is None:
                continue
            if owner not in trusted | _owners(cwd):
                yield ConfigFile(path=path, role=PROJECT, state=FOREIGN, table={})
                continue
            file = _read_pyproject(path) if name == "pyproject.toml" else _read(path, PROJECT)
            if file is not None:
                yield file
                if file.state == READ:
                    return
        parent = os.path.dirname(folder)  # noqa: PTH120
        if parent == folder:
            return
        folder = parent


def _owner(path: str) -> int | None:
    """Return who owns a regular file; None if there is none (a FIFO would block us)."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return status.st_uid if status.st_mode & _KIND_OF_FILE == _REGULAR else None


def _owners(folder: str) -> set[int]:
    try:
        return {os.stat(folder).st_uid}  # noqa: PTH116
    except OSError:
        return set()


def _read_pyproject(path: str) -> ConfigFile | None:
    """Read ``[tool.carbonrun]``; None if there is no such table.

    A file that cannot be read may have nothing to do with us, so it does not refuse the run.
    """
    try:
        content = _content(path)
    except OSError:
        return ConfigFile(path=path, role=PROJECT, state=UNREADABLE, table={})
    table = _tool_table(path, content)
    return None if table is None else ConfigFile(path=path, role=PROJECT, state=READ, table=table)


def _tool_table(path: str, content: bytes) -> dict[str, Any] | None:
    dense = content.translate(None, b" \t\"'")
    if b"carbonrun" not in dense or not any(spelling in dense for spelling in _SPELLINGS):
        return None  # spares the import of a TOML parser
    tool = _parse(path, content).get("tool")
    table = tool.get("carbonrun") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        message = f"{path}: tool.carbonrun must be a table: [tool.carbonrun]"
        raise ConfigError(message)
    return table


def _read(path: str, role: str, *, must_exist: bool = False) -> ConfigFile:
    try:
        content = _content(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        if must_exist:
            raise _unreadable(path, error) from None
        return ConfigFile(path=path, role=role, state=ABSENT, table={})
    except (OSError, ValueError) as error:
        if not must_exist and not os.path.exists(path):  # noqa: PTH110
            # A folder that may not be searched, as another user's home under su or sudo.
            return ConfigFile(path=path, role=role, state=UNREADABLE, table={})
        raise _unreadable(path, error) from None
    if os.path.basename(path) == "pyproject.toml":  # noqa: PTH119
        table = _tool_table(path, content)
    else:
        table = _parse(path, content) if content.strip() else {}
    return ConfigFile(path=path, role=role, state=READ, table=table or {})


def _content(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise OSError(None, f"it is larger than {MOST_BYTES} bytes")
    return content


def _unreadable(path: str, error: Exception) -> ConfigError:
    why = getattr(error, "strerror", None) or str(error)
    return ConfigError(
        f"configuration file {path} cannot be read: {why}",
        "choose another with --config, or none with --config /dev/null",
    )


def _parse(path: str, content: bytes) -> dict[str, Any]:
    """Parse TOML; the parser is imported here, since most runs have no file to parse."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"{path}: line {line} is not UTF-8"
        raise ConfigError(message) from None
    except (ValueError, RecursionError) as error:  # the parser says line and column
        message = f"{path} is not valid TOML: {error}"
        raise ConfigError(message) from None
