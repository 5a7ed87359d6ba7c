"""What the split of a GPU's energy rests on, in words and as an error. Pure."""

from __future__ import annotations

from carbonrun.measurement.gpu.split import BUSY, EQUAL, FILES, IDLE, MEMORY, SLICES, SOLE, UNUSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = {
    MEMORY: "split estimated by GPU memory",
    EQUAL: "split estimated in equal parts",
    SLICES: "split estimated by MIG slice and presence",
    IDLE: "nobody was busy",
    FILES: "split estimated: its file is open, and of others nothing is told",
}
# 95 % of a normal distribution.
_DEVIATIONS = 2.0


def main_basis(joules_by_basis: Mapping[str, float]) -> str:
    """Return what most of the energy was split by; unused only where all of it was."""
    used = {basis: joules for basis, joules in joules_by_basis.items() if basis != UNUSED}
    return max(used, key=lambda basis: (used[basis], basis)) if used else UNUSED


def split_error(share: float, samples: int) -> float:
    """Return the relative error of a share that rests on so many samples, 95 % confidence.

    Each sample says who was on the engines: the share is that of a binomial distribution.
    """
    if share <= 0 or share >= 1 or samples <= 0:
        return 0.0
    return float(_DEVIATIONS * ((1 - share) / (share * samples)) ** 0.5)


def split_words(basis: str, share: float, samples: int) -> str:
    """Return how the energy was split.

    >>> split_words("busy", 0.25, 75)
    'shared, split by samples of use (n = 75, 25 % +- 10)'
    """
    if basis == UNUSED:
        return "not used by the command"
    if basis == SOLE:
        return "sole user"
    if basis != BUSY:
        return f"shared, {_WORDS[basis]}"
    if not samples:
        return "shared, split by engine time"
    points = 100 * share * split_error(share, samples)
    return f"shared, split by samples of use (n = {samples}, {100 * share:.0f} % +- {points:.0f})"


def how(source: str) -> str:
    """Return the word for a summary's line from a device's source.

    >>> how("energy counter, 100 ms; sole user")
    'sole user'
    """
    rest = source.rpartition("; ")[2]
    if rest.startswith("shared") and "estimated" in rest:
        return "split estimated"
    return {"not used by the command": "not used"}.get(rest, rest.partition(",")[0])
