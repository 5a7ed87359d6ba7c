"""What every subcommand is given about the process that it runs in."""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Context(Record):
    """The surroundings of a subcommand.

    Attributes:
        flags: the run options before the subcommand's name, as the parser returns them.
        environment: of this process.
        cwd: the working directory; None if it was deleted.
        home: the value of HOME, or None.
        words: what was typed behind the subcommand's name.
    """

    flags: dict[str, tuple[str, ...]]
    environment: Mapping[str, str]
    cwd: str | None
    home: str | None
    words: tuple[str, ...] = ()
