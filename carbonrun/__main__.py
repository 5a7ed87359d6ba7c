"""``python -m carbonrun``: the same as the ``carbonrun`` command."""

from __future__ import annotations

from carbonrun.launch import main

if __name__ == "__main__":
    main()
