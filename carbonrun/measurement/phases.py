"""Phases: which are open when. Pure.

A phase has a path: its name behind those of the phases that it began within. What happens while it
is open is its own, that of the phases within it included, and two that are open at the same time
both have it. A path that begins again adds to itself.
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.mark import Mark

    Path = tuple[str, ...]

# Distinct paths: a report is for people, and goes into a journal.
MOST_PATHS = 200
# Each mark is booked for all that are open: with 200 within each other, a flood took 1.5 s at once,
# which signals waited for.
MOST_DEPTH = 20
# Moments at which the innermost phase has changed; beyond that every other one is left out.
MOST_CHANGES = 2000
MARK, BEGIN = "mark", "begin"


class PhaseRow(Record):
    """One path: how often, when and how long it was open; seconds since the start of the run."""

    path: Path
    times: int
    start_seconds: float
    end_seconds: float
    seconds: float


class _Frame:
    """A phase that is open; ``path`` is None if it was one too many, or too deep."""

    __slots__ = ("frame", "is_plain", "name", "parent", "path", "pid")

    def __init__(self, mark: Mark, parent: _Frame | None, path: Path | None) -> None:
        self.frame = mark.frame
        self.pid = mark.pid
        self.name = mark.name
        self.is_plain = mark.kind == MARK
        self.parent = parent
        self.path = path

    def may_hold(self, mark: Mark) -> bool:
        """Tell whether what a mark begins may be within, unless it says where it is.

        It is not if it is of another branch of the process tree, or of another thread or task.
        """
        if self.pid is None or mark.pid is None:
            return True
        is_elsewhere = self.pid not in mark.ancestors
        is_beside = self.pid == mark.pid and None not in (self.frame, mark.frame)
        return not (is_elsewhere or is_beside)


class PhaseBook:
    """All phases of a run, from the marks in their order.

    Attributes:
        left_out: phases that were one path too many, or too deep.
        unmatched: ends of phases that were not open.
    """

    def __init__(self) -> None:
        """Start without any."""
        self._rows: dict[Path, PhaseRow] = {}
        self._frames: list[_Frame] = []
        self._since: dict[Path, tuple[int, float]] = {}  # how often open, since when
        self._changes: list[tuple[float, Path | None]] = []
        self.left_out = 0
        self.unmatched = 0

    def apply(self, mark: Mark, at_seconds: float) -> None:
        """Take a mark."""
        if mark.kind == MARK:
            around = [f for f in self._frames if not f.is_plain and f.may_hold(mark)]
            outer = around[-1] if around else None
            self._close([f for f in self._frames if f.is_plain and f.parent is outer], at_seconds)
            self._open(mark, outer, at_seconds)
        elif mark.kind == BEGIN:
            self._open(mark, self._parent_of(mark), at_seconds)
        else:
            self._end(mark, at_seconds)
        innermost = self._frames[-1].path if self._frames else None
        self._changes.append((at_seconds, innermost))
        if len(self._changes) > MOST_CHANGES:
            del self._changes[1::2]

    def open_paths(self) -> tuple[Path, ...]:
        """Return the paths that are open now."""
        return tuple(self._since)

    def rows(self, now_seconds: float) -> list[PhaseRow]:
        """Return all paths in the order of their beginning; what is open ends now."""
        return [self._until(row, now_seconds) for row in self._rows.values()]

    def innermost_at(self, times_seconds: Sequence[float]) -> list[Path | None]:
        """Return the innermost phase at each of some ascending moments."""
        found: list[Path | None] = []
        index, current = 0, None
        for seconds in times_seconds:
            while index < len(self._changes) and self._changes[index][0] <= seconds:
                current = self._changes[index][1]
                index += 1
            found.append(current)
        return found

    def _parent_of(self, mark: Mark) -> _Frame | None:
        if mark.parent is None:
            return next((f for f in reversed(self._frames) if f.may_hold(mark)), None)
        return next((f for f in self._frames if f.frame == mark.parent), None)

    def _open(self, mark: Mark, parent: _Frame | None, at_seconds: float) -> None:
        path: Path | None = (mark.name,)
        if parent is not None:
            path = None if parent.path is None else (*parent.path, mark.name)
        if path is not None and not self._has_room_for(path):
            path = None
        self._frames.append(_Frame(mark, parent, path))
        if path is None:
            self.left_out += 1
            return
        row = self._rows.get(path)
        if row is None:
            row = PhaseRow(
                path=path, times=0, start_seconds=at_seconds, end_seconds=at_seconds, seconds=0.0
            )
        self._rows[path] = row.replace(times=row.times + 1)
        count, since = self._since.get(path, (0, at_seconds))
        self._since[path] = (count + 1, since)

    def _has_room_for(self, path: Path) -> bool:
        return len(path) <= MOST_DEPTH and (path in self._rows or len(self._rows) < MOST_PATHS)

    def _end(self, mark: Mark, at_seconds: float) -> None:
        """End the phase that is meant: of several of that name one that is the sender's."""
        if mark.frame is not None:
            found = [f for f in self._frames if f.frame == mark.frame]
        else:
            named = [f for f in self._frames if f.name == mark.name]
            found = [f for f in named if f.may_hold(mark)] or named
        if not found:
            self.unmatched += 1
            return
        within = [f for f in self._frames if f.is_plain and f.parent is found[-1]]
        self._close([*within, found[-1]], at_seconds)

    def _close(self, frames: Sequence[_Frame], at_seconds: float) -> None:
        for frame in frames:
            self._frames.remove(frame)
            if frame.path is None:
                continue
            count, since = self._since[frame.path]
            if count > 1:
                self._since[frame.path] = (count - 1, since)
                continue
            self._rows[frame.path] = self._until(self._rows[frame.path], at_seconds)
            del self._since[frame.path]

    def _until(self, row: PhaseRow, now_seconds: float) -> PhaseRow:
        if row.path not in self._since:
            return row
        since_seconds = self._since[row.path][1]
        open_seconds = max(0.0, now_seconds - since_seconds)
        return row.replace(
            end_seconds=max(now_seconds, since_seconds), seconds=row.seconds + open_seconds
        )
