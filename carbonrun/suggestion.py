"""Near matches for words that were not understood."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return ``did you mean ...?`` with the nearest of the known words, or None.

    Only called when something is wrong: ``difflib`` costs more than the whole fast path.
    """
    import difflib

    candidates = list(known)
    near = difflib.get_close_matches(word, candidates, n=1, cutoff=0.6)
    if not near and len(bare := word.lstrip("-")) == 1:
        near = sorted((n for n in candidates if n.startswith(f"--{bare}")), key=len)[:1]  # -h
    return f"did you mean {near[0]}?" if near else None
