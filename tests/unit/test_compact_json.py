from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.compact_json import dumps
from carbonrun.record import Record

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), VALUES))
def test_it_is_what_json_writes(value: dict[str, object]) -> None:
    text = dumps(value)
    assert text == json.dumps(value, separators=(",", ":"))
    assert text.isascii()
    assert "\n" not in text


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_are_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        dumps({"x": number})


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="set has no JSON form"):
        dumps({"x": {1}})


class Part(Record):
    watts: float


class Whole(Record):
    parts: tuple[Part, ...]
    name: str | None


def test_records_are_written_as_their_fields() -> None:
    whole = Whole(parts=(Part(watts=1.5), Part(watts=2.0)), name=None)
    assert json.loads(dumps({"whole": whole})) == {"whole": whole.as_dict()}
    with pytest.raises(TypeError, match="set has no JSON form"):
        dumps({"x": Whole(parts=(), name={1})})  # type: ignore[arg-type]
