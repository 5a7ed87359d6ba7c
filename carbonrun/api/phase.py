"""``carbonrun.phase``: a part of the work, as a context manager or a decorator.

Within a tracker of this process it is a phase of that; else of the carbonrun around the process, by
its socket (:mod:`carbonrun.mark`); else nothing. What it is within goes by the context
(:mod:`contextvars`): tasks of asyncio and threads do not get in each other's way.
"""

from __future__ import annotations

import itertools
import os
from contextvars import ContextVar

from carbonrun.api import active
from carbonrun.api.wrapping import wrap
from carbonrun.errors import UsageError
from carbonrun.mark import BEGIN, END, Mark, fault_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token
    from typing import Any, TypeVar

    from typing_extensions import Self

    from carbonrun.api.session import Session

    Function = TypeVar("Function", bound=Callable[..., Any])
    Place = tuple[int, tuple[str, ...]]

_OUTSIDE: Place = (0, ())
_innermost: ContextVar[Place] = ContextVar("carbonrun_phase", default=_OUTSIDE)
_frames = itertools.count(1)


class OpenPhase:
    """A phase that was begun in this context; ``path`` is where the report has it."""

    def __init__(self, name: str, session: Session | None) -> None:
        """Begin it."""
        parent, path = _innermost.get()
        self._session = session
        # Not that of any other process.
        self._frame = os.getpid() << 32 | next(_frames)
        self.name = name
        self.path = (*path, name)
        self._token: Token[Place] = _innermost.set((self._frame, self.path))
        self._is_heeded = True
        if session is None:
            send(self._mark(BEGIN, parent or None), os.environ)
        else:
            self._is_heeded = session.apply(self._mark(BEGIN, parent))

    def end(self) -> None:
        """End it, in this context or in another."""
        if self._session is None:
            send(self._mark(END), os.environ)
        elif self._is_heeded:
            self._session.apply(self._mark(END))
        try:
            _innermost.reset(self._token)
        except (ValueError, RuntimeError):
            pass  # it has gone through several contexts

    def _mark(self, kind: str, parent: int | None = None) -> Mark:
        # Within a session what is told of a process is known: it is this one.
        pid = os.getpid() if self._session is None else None
        return Mark(kind=kind, name=self.name, frame=self._frame, parent=parent, pid=pid)


class phase:  # noqa: N801 - it is used like a function
    """A part of the work that the report shows by itself.

    ::

        with carbonrun.phase("load"):
            ...

        @carbonrun.phase("train")
        def train(): ...
    """

    def __init__(self, name: str) -> None:
        """Name it.

        Raises:
            UsageError: the name is empty, too long, or has control characters.
        """
        fault = fault_of(name)
        if fault is not None:
            message = f"phase {name!r}: {fault}"
            raise UsageError(message)
        self._name = name.strip()
        self._open: list[OpenPhase] = []

    def __enter__(self) -> Self:
        """Begin it."""
        self._open.append(OpenPhase(self._name, active.current()))
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._open.pop().end()

    def __call__(self, function: Function) -> Function:
        """Let each call of a function be the phase; coroutines and generators too."""
        return wrap(function, lambda: phase(self._name))
