"""Where there is no Linux kernel: start the command, wait for it, end as it ended.

The names are those that :mod:`carbonrun.spawn`, :mod:`carbonrun.child`, :mod:`carbonrun.witness`
and :mod:`carbonrun.kernel` have on Linux, and they promise the same as far as the system allows.
Which system it is, is decided here.
"""

from __future__ import annotations

import sys

from carbonrun.child import EXITED, TICK

if sys.platform == "win32":
    from carbonrun.elsewhere.windows import (
        GroupWitness,
        Supervisor,
        disable_core_dump,
        leave,
        spawn,
    )
else:
    from carbonrun.child import leave
    from carbonrun.elsewhere.posix import Supervisor, disable_core_dump, spawn
    from carbonrun.elsewhere.posix_witness import GroupWitness

__all__ = [
    "EXITED", "TICK", "GroupWitness", "Supervisor", "disable_core_dump", "leave", "spawn",
]  # fmt: skip
