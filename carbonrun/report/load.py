"""Reads a report back from its JSON form."""

from __future__ import annotations

from carbonrun.measurement.model import Unmeasured
from carbonrun.notes import Note
from carbonrun.report.model import (
    SCHEMA,
    Call,
    DeviceEnergy,
    Emissions,
    Energy,
    Gpu,
    Host,
    IntensityUsed,
    Naming,
    Overhead,
    Phase,
    Program,
    Report,
    Run,
    TimelinePoint,
    Tree,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from carbonrun.report.footprint.model import Footprint


def load_report(content: dict[str, Any]) -> Report:
    """Return the report; the inverse of ``Report.as_dict``.

    Raises:
        ValueError: it is of another schema.
        TypeError, KeyError: it is incomplete or has fields that are not known.
    """
    if content["schema"] != SCHEMA:
        raise ValueError(f"a report of schema {content['schema']!r}; this reads {SCHEMA!r}")
    run, tree, energy = content["run"], content["tree"], content["energy"]
    host, intensity = run["host"], content["intensity"]
    return Report(
        run=Run(
            **{
                **run,
                "command": tuple(run["command"]),
                "host": Host(**{**host, "gpus": tuple(Gpu(**gpu) for gpu in host["gpus"])}),
            }
        ),
        tree=_tree(tree),
        energy=Energy(
            **{
                **energy,
                "devices": tuple(DeviceEnergy(**row) for row in energy["devices"]),
                "unmeasured": tuple(Unmeasured(**row) for row in energy["unmeasured"]),
            }
        ),
        intensity=intensity
        and IntensityUsed(**{**intensity, "series": tuple(intensity["series"])}),
        emissions=Emissions(**content["emissions"]),
        overhead=Overhead(**content["overhead"]),
        timeline=tuple(TimelinePoint(**point) for point in content["timeline"]),
        # Reports of older versions have none.
        phases=tuple(Phase(**phase) for phase in content.get("phases", ())),
        footprint=_footprint(content.get("footprint")),
        notes=tuple(Note(**note) for note in content["notes"]),
    )


def _tree(content: dict[str, Any]) -> Tree:
    naming = content.get("naming")
    return Tree(
        **{
            **content,
            "programs": tuple(Program(**row) for row in content["programs"]),
            "calls": _calls(content.get("calls", [])),
            "naming": naming and Naming(**naming),
        }
    )


def _calls(rows: list[dict[str, Any]]) -> tuple[Call, ...]:
    return tuple(
        Call(
            **{
                **row,
                "command": row["command"] and tuple(row["command"]),
                "calls": _calls(row["calls"]),
            }
        )
        for row in rows
    )


def _footprint(content: dict[str, Any] | None) -> Footprint | None:
    if content is None:
        return None
    from carbonrun.report.footprint.load import load_footprint

    return load_footprint(content)
