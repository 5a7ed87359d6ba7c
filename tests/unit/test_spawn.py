"""The environment block; how a command is started is tested end to end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carbonrun.spawn import Environment

ODD = Environment(entries=(b"A=1", b"NOTHING", b"B=2", b"A=3", b"=x"))


def test_the_first_of_two_values_wins() -> None:
    assert ODD.get(b"A") == b"1"
    assert ODD.get(b"C") is None


def test_setting_a_value_moves_nothing() -> None:
    assert ODD.with_value(b"B", b"9").entries == (b"A=1", b"NOTHING", b"B=9", b"A=3", b"=x")
    assert ODD.with_value(b"C", b"").entries == (*ODD.entries, b"C=")


def test_what_no_mapping_can_hold() -> None:
    assert ODD.mapping() is None
    assert Environment(entries=(b"A=1", b"A=1")).mapping() is None
    assert Environment(entries=(b"",)).mapping() is None
    assert Environment(entries=(b"A=1", b"B=x=y")).mapping() == {b"A": b"1", b"B": b"x=y"}


names = st.binary(min_size=1).filter(lambda name: not set(name) & {0, ord("=")})
values = st.binary().filter(lambda value: 0 not in value)


@given(st.dictionaries(names, values))
def test_an_ordinary_block_is_a_mapping(block: dict[bytes, bytes]) -> None:
    entries = tuple(name + b"=" + value for name, value in block.items())
    assert Environment(entries=entries).mapping() == block
