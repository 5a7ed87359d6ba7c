"""Development tasks: ``nox`` runs lint, types and tests, ``nox -s benchmarks`` the benchmarks."""

from __future__ import annotations

from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "tests"]


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, layers and generated documents."""
    session.install("-e", ".[lint]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")
    session.run("python", "tools/generate_docs.py", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, also as macOS and Windows have them."""
    session.install("-e", ".[lint]")
    session.run("mypy")
    for system in ("darwin", "win32"):
        session.run("mypy", "--config-file", f"tools/mypy-{system}.ini")


@nox.session(python=["3.10", "3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the tests; words behind ``--`` go to pytest."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Run all benchmarks, or those that are named behind ``--``."""
    session.install("-e", ".[test]")
    names = session.posargs or sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))
    for name in names:
        session.run("python", f"benchmarks/{name}.py")
