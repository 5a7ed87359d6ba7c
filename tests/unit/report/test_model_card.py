"""Model cards, as the Hub's own loader reads them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.report.front_matter import with_key
from carbonrun.report.model_card import with_emissions
from tests.golden_files import assert_golden
from tests.unit.report.sample_report import HOST, REPORT, RUN, UNKNOWN

if TYPE_CHECKING:
    from pathlib import Path

# In CI everything is installed, and what is missing is a fault.
if os.environ.get("CI") == "true":
    import huggingface_hub
    import yaml
else:
    huggingface_hub = pytest.importorskip("huggingface_hub")
    yaml = pytest.importorskip("yaml")

CARD = """\
---
language:
- en
# what it may be used for
license: apache-2.0
"model-index":
- name: x
  results: []
description: |
  # not a comment
  co2_eq_emissions: not a key
library_name: transformers
---

# A model

---

Text with --- in it.
"""
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def loaded(card: str) -> tuple[dict[str, Any], str]:
    """Return metadata and body as the Hub's library reads them."""
    read: Any = huggingface_hub.ModelCard(card, ignore_metadata_errors=False)
    return read.data.to_dict(), read.text


def entry(card: str) -> dict[str, Any]:
    found: dict[str, Any] = loaded(card)[0]["co2_eq_emissions"]
    return found


def test_golden() -> None:
    assert_golden("report-full-card.md", with_emissions(CARD, REPORT, "France (FR)", "fine-tuning"))


def test_the_hubs_loader_reads_grams(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(with_emissions(CARD, REPORT, "France (FR)", "pre-training"), encoding="utf-8")
    card: Any = huggingface_hub.ModelCard.load(path)
    emitted = card.data.to_dict()["co2_eq_emissions"]
    assert emitted["emissions"] == pytest.approx(0.01596)  # grams
    assert emitted["geographical_location"] == "France (FR)"
    assert emitted["training_type"] == "pre-training"
    assert emitted["hardware_used"] == "AMD EPYC 7763 64-Core Processor, 128 logical CPUs"
    assert "11.4 to 21.4 mg" in emitted["source"]
    assert "not measured: gpu" in emitted["source"]
    assert card.data.license == "apache-2.0"


def test_body_and_other_keys_are_kept() -> None:
    before, body = loaded(CARD)
    once = with_emissions(CARD, REPORT, None, None)
    after, same_body = loaded(once)
    assert same_body == body
    assert {key: after[key] for key in before} == before
    assert set(after) - set(before) == {"co2_eq_emissions"}
    removed = [line for line in CARD.splitlines() if line not in once.splitlines()]
    assert removed == []
    assert with_emissions(once, REPORT, None, None) == once


def test_an_older_entry_is_replaced_where_it_stands_and_its_other_keys_stay() -> None:
    card = (
        "---\na: 1\nco2_eq_emissions:\n    emissions: 9\n    training_type: fine-tuning\n"
        "    extra:\n      deep: [1, 2]\n\nb: 2\n---\nbody\n"
    )
    new = with_emissions(card, REPORT, None, None)
    assert new.index("a: 1") < new.index("co2_eq_emissions") < new.index("b: 2")
    assert entry(new)["emissions"] == pytest.approx(0.01596)
    assert entry(new)["training_type"] == "fine-tuning"
    assert entry(new)["extra"] == {"deep": [1, 2]}
    assert (
        entry(with_emissions(new, REPORT, None, "pre-training"))["training_type"] == "pre-training"
    )


@pytest.mark.parametrize("old", ["co2_eq_emissions: 12", "co2_eq_emissions: {emissions: 3}"])
def test_an_entry_in_another_form_is_replaced(old: str) -> None:
    new = with_emissions(f"---\n{old}\nb: 2\n---\n", REPORT, None, None)
    assert new.count("co2_eq_emissions") == 1
    assert loaded(new)[0]["b"] == 2


@pytest.mark.parametrize(
    "body", ["", "# Model\n", "\n# Model\n", "no newline", "---\nnot: closed\n"]
)
def test_a_card_without_front_matter_gets_one(body: str) -> None:
    new = with_emissions(body, REPORT, "France", None)
    assert entry(new)["geographical_location"] == "France"
    assert new.endswith(body)


def test_empty_front_matter() -> None:
    new = with_emissions("---\n---\nbody\n", REPORT, None, None)
    assert loaded(new)[1] == "body\n"


def test_the_ends_of_lines_stay() -> None:
    new = with_emissions(CARD.replace("\n", "\r\n"), REPORT, "France", None)
    assert new.count("\n") == new.count("\r\n")
    assert new.replace("\r\n", "\n") == with_emissions(CARD, REPORT, "France", None)


@pytest.mark.parametrize("head", ["{license: mit}", "- a", "just words", "? x\n: y", "a: 'b\nc d'"])
def test_what_is_not_understood_is_refused(head: str) -> None:
    with pytest.raises(ValueError, match="one key a line"):
        with_emissions(f"---\n{head}\n---\nbody\n", REPORT, None, None)


def test_unknown_emissions_are_refused() -> None:
    with pytest.raises(ValueError, match="not known"):
        with_emissions("", UNKNOWN, None, None)


@given(st.floats(1e-12, 1e12))
def test_every_number_is_one(grams: float) -> None:
    report = REPORT.replace(emissions=REPORT.emissions.replace(grams_co2e=grams))
    read = entry(with_emissions("", report, None, None))["emissions"]
    assert isinstance(read, float)
    assert read == pytest.approx(grams, rel=1e-5)


@given(TEXT, TEXT)
def test_no_text_breaks_the_yaml(model: str, place: str) -> None:
    report = REPORT.replace(run=RUN.replace(host=HOST.replace(cpu_model=model)))
    new = with_emissions(CARD, report, place, None)
    data, body = loaded(new)
    assert body == loaded(CARD)[1]
    assert set(data["co2_eq_emissions"]) >= {"emissions", "source", "geographical_location"}
    if place.isprintable():
        assert data["co2_eq_emissions"]["geographical_location"] == place


def test_other_ends_of_lines_in_the_text_leave_the_head_alone() -> None:
    new = with_key("---\na: 1\n---\ntext\r\nmore\n", "b", [("c", "1.0")])
    assert new == "---\na: 1\nb:\n  c: 1.0\n---\ntext\r\nmore\n"
    new = with_key("---\r\na: 1\r\n---\r\ntext\n", "b", [("c", "1.0")])
    assert new == "---\r\na: 1\r\nb:\r\n  c: 1.0\r\n---\r\ntext\n"


KEYS = st.text("abcxyz_-", min_size=1, max_size=8)
VALUES = st.recursive(
    st.one_of(st.integers(), st.booleans(), TEXT),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5), TEXT, st.booleans())
def test_whatever_stands_there_is_kept(head: dict[str, Any], body: str, wide: bool) -> None:
    """What PyYAML writes is kept, or refused; never changed."""
    text = yaml.safe_dump(head, allow_unicode=wide, default_flow_style=False)
    card = f"---\n{text}---\n{body}"
    try:
        new = with_key(card, "co2_eq_emissions", [("emissions", "1.0")])
    except ValueError:
        return
    _, first, rest = new.split("---\n", 2)
    before = yaml.safe_load(text)  # not always what was written
    assert yaml.safe_load(first) == {**before, "co2_eq_emissions": {"emissions": 1.0}}
    assert rest == body
