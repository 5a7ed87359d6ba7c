"""Every exception of the package, with the exit status that each one means.

::

    CarbonrunError                 125  carbonrun refused before the command was started
    +-- UsageError                 125  a bad option or argument
    +-- ConfigError                125  a bad configuration file or environment variable
    +-- OutputError                125  a report file that was asked for cannot be written
    +-- CommandNotFound            127  as in env(1), timeout(1), nice(1)
    +-- CommandNotExecutable       126  as in env(1), timeout(1), nice(1)
    +-- ComparedCommandFailed        1  one of the commands of a comparison has failed
    MeterUnavailable                 -  a sensor cannot be used; becomes an ``unmeasured`` row
    ReadFailed                       -  one reading failed; the sampler carries on with a Note

A message says what happened, why, and what to do about it. After the command was started none of
these may change its fate: whatever is caught then becomes a :class:`carbonrun.notes.Note`.
"""

from __future__ import annotations

# Source: coreutils' exit statuses for programs that run another program (EXIT_CANCELED,
# EXIT_CANNOT_INVOKE, EXIT_ENOENT in src/system.h).
EXIT_REFUSED = 125
EXIT_NOT_EXECUTABLE = 126
EXIT_NOT_FOUND = 127
# Ours: the command was fine, but used more than it may (--on-exceed), or more than before
# (compare --fail-if-worse). Not 124 or 123, which timeout(1) and xargs(1) give a meaning.
EXIT_OVER_LIMIT = 122


class CarbonrunError(Exception):
    """Something that the user can put right; the text is shown as it is."""

    exit_status = EXIT_REFUSED

    def __init__(self, message: str, hint: str | None = None) -> None:
        """Keep the message (what and why) apart from the hint (what to do)."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(CarbonrunError):
    """A bad option or argument on the command line."""


class ConfigError(CarbonrunError):
    """A bad configuration file or environment variable; the message names file and key."""


class OutputError(CarbonrunError):
    """A report file that was asked for cannot be written."""


class CommandNotFound(CarbonrunError):
    """The command does not exist."""

    exit_status = EXIT_NOT_FOUND


class CommandNotExecutable(CarbonrunError):
    """The command exists but cannot be executed."""

    exit_status = EXIT_NOT_EXECUTABLE


class ComparedCommandFailed(CarbonrunError):
    """One of the commands of a comparison has failed, so that there is nothing to compare."""

    exit_status = 1


class MeterUnavailable(Exception):
    """A device cannot be measured; ``hint`` is what the user can do about it, if anything."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        """Keep the reason and the remedy."""
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class ReadFailed(Exception):
    """One reading of a meter failed; later ones may succeed."""
