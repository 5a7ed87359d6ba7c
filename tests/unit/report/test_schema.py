"""The JSON schema that ships is the one that the code and the contract have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from carbonrun.measurement.model import Unmeasured
from carbonrun.notes import Note
from carbonrun.report import model
from carbonrun.report.footprint import model as footprint
from carbonrun.report.json import to_json
from tests.unit.report.footprint.sample_footprint import WITH_FOOTPRINT
from tests.unit.report.sample_calls import NAMED
from tests.unit.report.sample_report import REPORT, UNKNOWN, with_command

if TYPE_CHECKING:
    from carbonrun.record import Record

PATH = Path(model.__file__).with_name("schema.json")
SCHEMA = json.loads(PATH.read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

# The contract's lists; programs rely on each of these keys.
CONTRACT = {
    "": "schema run tree energy intensity emissions overhead timeline phases footprint notes",
    "run": "id name project tags command started_at ended_at duration_seconds exit_code signal "
    "scope parent_id group host version",
    "host": "name machine_id os cpu_model logical_cpus memory_bytes gpus",
    "tree": "cpu_seconds cpu_accounting processes left_running peak_memory_bytes "
    "memory_byte_seconds io_read_bytes io_write_bytes programs calls naming",
    "program": "program processes cpu_seconds joules",
    "call": "program command processes own_cpu_seconds own_joules cpu_seconds joules calls",
    "naming": "method named_cpu_seconds ends_cpu_seconds is_complete",
    "energy": "joules low_joules high_joules active_joules idle_joules machine_joules devices "
    "unmeasured",
    "device": "id kind name meter method source joules low_joules high_joules active_joules "
    "idle_joules machine_joules readings",
    "unmeasured": "id kind reason hint",
    "intensity": "grid_zone zone_source g_per_kwh low_g_per_kwh high_g_per_kwh basis signal kind "
    "provider valid_from valid_to attribution series",
    "emissions": "grams_co2e low_grams_co2e high_grams_co2e pue",
    "overhead": "cpu_seconds joules peak_memory_bytes",
    "timeline_point": "start end joules watts g_per_kwh phase gpu_memory_bytes gpu_sm_share",
    "phase": "name path parent times start end duration_seconds cpu_seconds joules low_joules "
    "high_joules grams_co2e low_grams_co2e high_grams_co2e",
    "footprint": "pue embodied sci water cost equivalences",
    "note": "code level message hint",
}
CLASSES: dict[str, type[Record]] = {
    "": model.Report,
    "run": model.Run,
    "host": model.Host,
    "gpu": model.Gpu,
    "tree": model.Tree,
    "program": model.Program,
    "call": model.Call,
    "naming": model.Naming,
    "energy": model.Energy,
    "device": model.DeviceEnergy,
    "unmeasured": Unmeasured,
    "intensity": model.IntensityUsed,
    "emissions": model.Emissions,
    "overhead": model.Overhead,
    "timeline_point": model.TimelinePoint,
    "phase": model.Phase,
    "footprint": footprint.Footprint,
    "pue": footprint.Pue,
    "embodied": footprint.Embodied,
    "sci": footprint.Sci,
    "rate": footprint.Rate,
    "water": footprint.Water,
    "cost": footprint.Cost,
    "equivalence": footprint.Equivalence,
    "note": Note,
}


def definition(name: str) -> dict[str, Any]:
    return dict(SCHEMA["$defs"][name] if name else SCHEMA)


def errors(content: object) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(content)]


def test_the_schema_is_a_schema() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", CONTRACT)
def test_the_keys_are_the_contracts(name: str) -> None:
    assert list(definition(name)["properties"]) == CONTRACT[name].split()


@pytest.mark.parametrize("name", CLASSES)
def test_the_keys_are_the_fields_of_the_code(name: str) -> None:
    assert tuple(definition(name)["properties"]) == CLASSES[name]._fields


@pytest.mark.parametrize("name", ["", *SCHEMA["$defs"]])
def test_every_key_is_required_and_no_other_is_allowed(name: str) -> None:
    found = definition(name)
    assert found["required"] == list(found["properties"])
    assert found["additionalProperties"] is False
    assert found["description"]


@pytest.mark.parametrize(
    "report",
    [REPORT, UNKNOWN, WITH_FOOTPRINT, with_command("cat", "caf\udce9", ""), NAMED],
    ids=["full", "unknown", "footprint", "surrogate", "programs"],
)
def test_reports_are_valid(report: model.Report) -> None:
    assert errors(json.loads(to_json(report))) == []


@pytest.mark.parametrize("name", CLASSES)
def test_what_may_be_none_in_the_code_may_be_null(name: str) -> None:
    """The annotation says ``None`` exactly where the schema says ``null``."""
    annotations = {key: str(value) for key, value in CLASSES[name].__annotations__.items()}
    for key, schema in definition(name)["properties"].items():
        accepts_null = jsonschema.Draft202012Validator(
            {**schema, "$defs": SCHEMA["$defs"]}
        ).is_valid(None)
        assert accepts_null == ("None" in annotations[key]), f"{name}.{key}"


@pytest.mark.parametrize(
    ("block", "key", "value"),
    [
        ("run", "scope", "process"),
        ("run", "exit_code", 256),
        ("run", "exit_code", -1),
        ("run", "started_at", "2026-11-25 06:40"),
        ("run", "command", []),
        ("run", "tags", {"n": 1}),
        ("tree", "cpu_accounting", "guess"),
        ("tree", "processes", 1.5),
        ("energy", "joules", -1.0),
        ("energy", "joules", "1"),
        ("intensity", "basis", "wishful"),
        ("intensity", "kind", "hourly"),
        ("emissions", "pue", 0.9),
        ("run", "extra", 1),
    ],
)
def test_what_is_wrong_is_found(block: str, key: str, value: object) -> None:
    content = json.loads(to_json(REPORT))
    content[block][key] = value
    assert errors(content)


@pytest.mark.parametrize("block", ["run", "tree", "energy", "intensity", "emissions", "overhead"])
def test_a_missing_key_is_found(block: str) -> None:
    for key in json.loads(to_json(REPORT))[block]:
        content = json.loads(to_json(REPORT))
        del content[block][key]
        assert errors(content), key


@pytest.mark.parametrize(
    ("listed", "key", "value"),
    [
        ("devices", "kind", "keyboard"),
        ("devices", "method", "measured"),
        ("devices", "joules", None),
        ("unmeasured", "kind", "keyboard"),
    ],
)
def test_what_is_wrong_in_a_list_is_found(listed: str, key: str, value: object) -> None:
    content = json.loads(to_json(REPORT))
    content["energy"][listed][0][key] = value
    assert errors(content)


def test_the_level_of_a_note_is_one_of_two() -> None:
    content = json.loads(to_json(REPORT))
    content["notes"][0]["level"] = "fatal"
    assert errors(content)
