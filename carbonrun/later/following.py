"""Waits for a planned start, and looks at the forecast again on the way there. Pure.

Forecasts are made anew through the day. A wait of many hours that went by the first one would miss
that; one that is nearly over is not worth another look.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.later.plan import Plan

AGAIN_SECONDS = 3600.0


def follow(
    plan: Plan,
    now: Callable[[], float],
    wait: Callable[[float, float], int | None],
    look_again: Callable[[Plan], Plan],
    again_seconds: float = AGAIN_SECONDS,
) -> tuple[Plan, int | None]:
    """Wait until it is time, with a new plan after each ``again_seconds``.

    Args:
        plan: the first one.
        now: returns the time, seconds since 1970.
        wait: waits until a moment, for a start at another; returns the signal that has ended it.
        look_again: returns the plan that counts from now on.
        again_seconds: how long a plan is good for.

    Returns:
        The last plan, and the signal that has ended the waiting before its time, None for none.
    """
    while plan.start_unix_seconds - now() > 2 * again_seconds:
        number = wait(now() + again_seconds, plan.start_unix_seconds)
        if number is not None:
            return plan, number
        plan = look_again(plan)
    return plan, wait(plan.start_unix_seconds, plan.start_unix_seconds)
