"""A process that uses a simulated card: ``gpu_user.py USERS SECONDS WISH``.

It says what it wants by a file with its number in the directory USERS, and sleeps for SECONDS.
With ``children`` in its wish so many children use the card, one after the other.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Use the card."""
    users, seconds, wish = sys.argv[1], float(sys.argv[2]), json.loads(sys.argv[3])
    children = int(wish.pop("children", 0))
    if not children:
        _use(users, seconds, wish)
        return
    for _ in range(children):
        pid = os.fork()
        if pid == 0:
            _use(users, seconds / children, wish)
            os._exit(0)
        os.waitpid(pid, 0)


def _use(users: str, seconds: float, wish: object) -> None:
    ends = time.monotonic() + seconds
    path = f"{users}/{os.getpid()}"
    with open(f"{path}.new", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(json.dumps(wish))
    os.rename(f"{path}.new", path)  # noqa: PTH104
    time.sleep(max(0.0, ends - time.monotonic()))


if __name__ == "__main__":
    main()
