"""The scripts in the files for build services, taken out of their YAML."""

from __future__ import annotations

import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def blocks(path: Path, start: str) -> list[str]:
    """Return the literal blocks (``|``) that follow lines of this text."""
    found = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.strip() != start:
            continue
        depth = len(line) - len(line.lstrip())
        body = []
        for following in lines[number + 1 :]:
            if following.strip() and len(following) - len(following.lstrip()) <= depth:
                break
            body.append(following)
        found.append(textwrap.dedent("\n".join(body)).strip() + "\n")
    return found


def variables(path: Path) -> dict[str, str]:
    """Return the variables of the GitLab template."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index("  variables:") + 1
    pairs = []
    for line in lines[start:]:
        if not line.startswith("    "):
            break
        name, _, value = line.strip().partition(": ")
        pairs.append((name, value))
    return dict(pairs)


def inputs(path: Path) -> dict[str, str]:
    """Return the inputs of the action with their defaults."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found, name = {}, ""
    for line in lines[lines.index("inputs:") + 1 : lines.index("runs:")]:
        if line.startswith("  ") and line[2] != " ":
            name = line.strip(" :")
            found[name] = ""
        elif line.strip().startswith("default: "):
            found[name] = line.strip().removeprefix("default: ").strip('"')
    return found


def expressions(path: Path) -> dict[str, str]:
    """Return the variables of the action's steps by the input that each one is."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, colon, value = line.strip().partition(": ${{ inputs.")
        if colon:
            found[value.removesuffix(" }}")] = name
    return found
