"""The one measurement of this process, if there is one, and what becomes of it at fork and exit."""

from __future__ import annotations

import atexit
import os
import sys
import threading

from carbonrun.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.api.session import Session
    from carbonrun.settings import Settings


class _Active:
    """What is shared by all trackers of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.session: Session | None = None
        self.is_prepared = False


_active = _Active()


def current() -> Session | None:
    """Return the measurement that goes on in this process."""
    session = _active.session
    return None if session is None or session.owner_pid != os.getpid() else session


def join(settings: Settings) -> tuple[Session, bool]:
    """Return the measurement that goes on, or begin one; and whether it was begun by this call.

    Raises:
        CarbonrunError: it was refused.
    """
    if sys.platform != "linux":
        message = "a program can measure itself on Linux only"
        raise UsageError(message, "measure it from outside: carbonrun -- python ...")
    with _active.lock:
        # Of a process that was forked by somebody who does not tell Python it is not ours.
        if _active.session is not None and _active.session.owner_pid == os.getpid():
            return _active.session, False
        from carbonrun.api.session import Session

        _prepare()
        _active.session = Session(settings)
        return _active.session, True


def end(session: Session, error: BaseException | None) -> None:
    """End a measurement; of a process that this one was forked from, leave it alone."""
    if os.getpid() != session.owner_pid:
        return
    session.stop(error)
    if _active.session is session:
        _active.session = None


def _prepare() -> None:
    if _active.is_prepared:
        return
    _active.is_prepared = True
    atexit.register(_end_at_exit)
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )


def _end_at_exit() -> None:
    session = _active.session
    if session is not None:
        end(session, None)


def _before_fork() -> None:
    session = _active.session
    if session is not None:
        session.hold()


def _after_in_parent() -> None:
    session = _active.session
    if session is not None:
        session.let_go()


def _after_in_child() -> None:
    """Measure nothing in the child: it is a part of what the parent measures."""
    session = _active.session
    _active.lock = threading.Lock()
    _active.session = None
    if session is not None:
        try:
            session.forget()
        except OSError:
            return  # what could not be closed was closed
