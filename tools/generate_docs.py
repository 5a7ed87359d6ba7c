"""Make everything that is written from the option table: man page, example, completions, README.

Usage: ``python tools/generate_docs.py [--check]``. With ``--check`` nothing is written, and the
exit status is 1 if a file is out of date. The README is left alone unless it has the markers
``<!-- options -->`` and ``<!-- /options -->``.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from carbonrun import __version__
from carbonrun.cli.app import READY
from carbonrun.cli.example_config import example_config
from tools.documents.bash import bash_completion
from tools.documents.fish import fish_completion
from tools.documents.manual import manual
from tools.documents.readme import with_options
from tools.documents.zsh import zsh_completion

ROOT = Path(__file__).resolve().parent.parent


def documents(root: Path) -> dict[Path, str]:
    """Return the content that each generated file should have."""
    subcommands = tuple(name for name, _purpose in READY)
    wanted = {
        root / "man" / "carbonrun.1": manual(__version__, READY),
        root / "config.example.toml": example_config(),
        root / "completions" / "carbonrun.bash": bash_completion(subcommands),
        root / "completions" / "_carbonrun": zsh_completion(subcommands),
        root / "completions" / "carbonrun.fish": fish_completion(subcommands),
    }
    readme = root / "README.md"
    if readme.exists():
        wanted[readme] = with_options(readme.read_text(encoding="utf-8"))
    return wanted


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` compare them; return the exit status."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    stale = [
        (path, text)
        for path, text in documents(ROOT).items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        name = path.relative_to(ROOT)
        if arguments:
            print(f"{name} is out of date: run tools/generate_docs.py", file=sys.stderr)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return 1 if arguments and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
