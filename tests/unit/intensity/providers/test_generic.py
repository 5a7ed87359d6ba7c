from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.intensity.model import IntensityUnavailable, ServiceFailed, ZoneNotCovered
from tests.unit.intensity.providers.services import HOUR, KEY, NOW, Played, at, short

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [
    {"start": "2026-11-25T11:00:00Z", "g_per_kwh": 100.0},
    {"start": "2026-11-25T13:00:00+01:00", "end": "2026-11-25T12:30Z", "value": 200},
]


def test_rows_end_where_the_next_begins() -> None:
    played = Played(lambda _: ROWS)
    url = "https://service.example/{zone}?from={start}&to={end}#signal=average&basis=direct"
    points = played.provider("http-json", url).series("aws:eu-west-3", at("11:30"), NOW)
    assert short(points) == [(-70, -10, 100, "actual"), (-10, 20, 200, "forecast")]
    assert {(p.signal, p.basis) for p in points} == {("average", "direct")}
    path = "/aws%3Aeu-west-3?from=2026-11-25T11%3A30Z&to=2026-11-25T12%3A10Z"
    assert played.asked[0].path == path
    assert played.asked[0].headers == {"Authorization": f"Bearer {KEY}"}


def test_the_document_may_say_itself_what_it_is() -> None:
    document = {"zone": "FR", "basis": "lifecycle", "signal": "marginal", "data": ROWS}
    points = Played(lambda _: document).provider("http-json").series("FR", at("11:30"), NOW)
    assert {(p.signal, p.basis) for p in points} == {("marginal", "lifecycle")}
    with pytest.raises(ZoneNotCovered):
        Played(lambda _: document).provider("http-json").series("DE", at("11:30"), NOW)


def test_a_tariff_of_rates_will_do() -> None:
    rates = [{"start": "2026-11-25T12:00:00Z", "end": "2026-11-25T13:00:00Z", "value": 250.5}]
    points = Played(lambda _: {"rates": rates}).provider("http-json").series("DE", NOW, NOW + HOUR)
    assert short(points) == [(-10, 50, 250.5, "forecast")]


@pytest.mark.parametrize(
    "document",
    [
        [{"start": "2026-11-25T11:00:00", "g_per_kwh": 1.0}],
        [{"start": "2026-11-25T12:00Z", "end": "2026-11-25T11:00Z", "value": 1.0}],
        [{"start": "2026-11-25T12:00Z", "value": -1.0}],
        [{"start": "2026-11-25T12:00Z"}],
        {"data": ROWS, "basis": "renewable"},
        {"data": [{**ROWS[0], "kind": "guess"}]},
        [],
    ],
)
def test_bad_documents_are_refused(document: Any) -> None:
    with pytest.raises(ServiceFailed):
        Played(lambda _: document).provider("http-json").series("DE", at("11:00"), NOW)


def test_files_in_both_forms(tmp_path: Path) -> None:
    as_json, as_csv = tmp_path / "a.json", tmp_path / "a.csv"
    as_json.write_text(json.dumps(ROWS))
    as_csv.write_text(
        "\ufeffstart,end,g_per_kwh,low_g_per_kwh,high_g_per_kwh\n"
        "2026-11-25T11:00Z,,100,90,120\n2026-11-25T12:00Z,2026-11-25T12:30Z,200,,\n"
    )
    played = Played(lambda _: pytest.fail("the network was asked"))
    for path in (str(as_json), f"file://{as_json}", str(as_csv)):
        points = played.provider("file", f"{path}#basis=direct").series("FR", at("11:30"), NOW)
        assert [p.g_per_kwh for p in points] == [100.0, 200.0]
        assert points[0].basis == "direct"
    (first, _) = played.provider("file", str(as_csv)).series("FR", at("11:30"), NOW)
    assert (first.low_g_per_kwh, first.high_g_per_kwh) == (90.0, 120.0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"start,g_per_kwh\n2026-11-25T11:00Z,abc\n",
        b"start,g_per_kwh\n2026-11-25T11:00Z,nan\n",
        b"start,g_per_kwh\n2026-11-25T11:00Z\n",
        b"[{",
    ],
)
def test_bad_files_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(IntensityUnavailable):
        Played(lambda _: "").provider("file", str(path)).series("FR", at("11:00"), NOW)


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b" " * (2 << 20))
    for name in ("absent", "pipe", "large", ""):
        with pytest.raises(IntensityUnavailable, match="cannot be read"):
            Played(lambda _: "").provider("file", str(tmp_path / name)).series("FR", NOW, NOW)
