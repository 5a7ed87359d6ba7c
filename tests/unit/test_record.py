"""The base of all frozen values."""

from __future__ import annotations

import pytest

from carbonrun.record import Record


class Point(Record):
    x: float
    y: float = 2.0
    name: str | None = None


class Named(Point):
    name: str | None
    colour: str = "red"


class Inner(Record):
    points: tuple[Point, ...]


def test_defaults_and_order() -> None:
    assert Point(x=1.0).as_dict() == {"x": 1.0, "y": 2.0, "name": None}
    assert list(Point(name="a", x=1.0).as_dict()) == ["x", "y", "name"]
    assert Point(y=3.0, x=1.0) == Point(x=1.0, y=3.0, name=None)
    assert hash(Point(y=3.0, x=1.0)) == hash(Point(x=1.0, y=3.0, name=None))


def test_inherited_fields() -> None:
    assert list(Named(x=1.0, name="a").as_dict()) == ["x", "y", "name", "colour"]
    assert Named(x=1.0, name="a") != Point(x=1.0, name="a")
    assert Named(x=1.0, name="a").colour == "red"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, r"unknown fields \[\], missing fields \['x'\]"),
        ({"x": 1, "z": 2}, r"unknown fields \['z'\], missing fields \[\]"),
        ({"y": 1, "z": 2}, r"unknown fields \['z'\], missing fields \['x'\]"),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, int], said: str) -> None:
    with pytest.raises(TypeError, match=f"Point: {said}"):
        Point(**values)  # type: ignore[arg-type]


def test_it_does_not_change() -> None:
    point = Point(x=1.0)
    with pytest.raises(AttributeError):
        point.x = 2.0  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del point.x
    assert point.replace(x=2.0) == Point(x=2.0)
    assert point.x == 1.0


def test_nested_values_become_plain() -> None:
    assert Inner(points=(Point(x=1.0),)).as_dict() == {
        "points": [{"x": 1.0, "y": 2.0, "name": None}]
    }
