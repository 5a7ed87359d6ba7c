"""carbonrun: what did this command cost in energy and carbon?

The architecture, in the order of a run::

    launch         argv -> settings, with the standard library only; all else -> cli
    later          a start that waits for lower-intensity hours, or is handed over, if asked for
    run            the pipeline, top to bottom; the only module that knows every part
      rig          all that is set up before the start (refusals, ladder: the rungs that there are)
      spawn        starts the command as it would start without us
      child        passes signals on, waits, ends as the command ended (witness: who got a signal)
      elsewhere    what stands in for spawn, child and witness on macOS and Windows
      measurement  meters, the process tree's use, attribution of joules to the tree
      gpus         who is asked about GPUs, and when (measurement.gpu: whose their energy is)
      recording    folds readings into ledgers, keeps the journal while the command runs
      intensity    grams of CO2e per kWh: where, when, how sure, from which service
      accounts     what is reckoned beside the grams, if asked for: embodied, SCI, water, cost
      grid         which intensity counts for this run; asks while the command runs
      report       joins the two into one frozen Report; table, line, CSV, JSON are made from it
      delivery     hands the report to every output
      store        journal, recovery of killed runs, idle floors observed and calibrated
    mark           phases of the command's work, told from inside (marking, phasing)
    watch          the same pipeline without a command of ours: monitor, attach
    api            the same within a Python program: track, Tracker, phase
    live           what is shown meanwhile on a terminal
    stopping       ends a command that is over its budget, if that was asked for
    ci             labels from build services, and results in the forms that they show
    compare        several commands in turns, each a run of carbonrun; judged by ranks

Five rules hold it together:

1. A *meter* only goes up: wraps, resets and the integration of power are its private business.
2. A *reading* is one device at one moment, cumulative. A missed tick loses nothing.
3. *Attribution* is a pure function of two readings; a run is a fold of slices into ledgers.
4. ``measurement`` and ``intensity`` do not know each other; they meet in ``report``.
5. Once the command is started, nothing of ours changes its fate: every failure becomes a Note.

Layers, from top to bottom, are checked by import-linter (see ``pyproject.toml``). What is imported
before the command starts is counted in milliseconds (``benchmarks/startup.py``): no dataclasses,
``re``, ``json``, ``signal`` or third party there. Hence the plain classes of
:mod:`carbonrun.record`, and imports inside of functions where they must wait.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from carbonrun.api.phase import phase
    from carbonrun.api.tracker import Tracker, track
    from carbonrun.errors import CarbonrunError
    from carbonrun.report.model import Report

__version__ = "0.1.0"
__all__ = ["CarbonrunError", "Report", "Tracker", "__version__", "phase", "track"]

# Imported when they are first asked for: the command line needs none of them.
_PUBLIC = {
    "CarbonrunError": "carbonrun.errors",
    "Report": "carbonrun.report.model",
    "Tracker": "carbonrun.api.tracker",
    "phase": "carbonrun.api.phase",
    "track": "carbonrun.api.tracker",
}


def __getattr__(name: str) -> Any:
    """Return what is public, and import it for that."""
    module = _PUBLIC.get(name)
    if module is None:
        message = f"module 'carbonrun' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    """Return the public names with those that are there anyway."""
    return sorted({*globals(), *_PUBLIC})


def load_ipython_extension(shell: Any) -> None:
    """Add the magic ``%%carbonrun`` to a notebook: ``%load_ext carbonrun``."""
    from importlib import import_module

    import_module("carbonrun.integrations.notebook").register(shell)
