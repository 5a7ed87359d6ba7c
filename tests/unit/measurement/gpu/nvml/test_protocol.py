"""The lines of the helper."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonrun.measurement.gpu.look import SAMPLED, GpuLook, GpuProcess
from carbonrun.measurement.gpu.nvml.protocol import look_of, look_row

amounts = st.floats(min_value=0, max_value=1e12)
processes = st.builds(
    GpuProcess,
    pid=st.integers(min_value=1, max_value=1 << 22),
    start_ticks=st.none() | st.integers(min_value=0, max_value=1 << 40),
    has_context=st.booleans(),
    memory_bytes=st.none() | st.integers(min_value=0, max_value=1 << 40),
    busy_seconds=st.none() | amounts,
    instance=st.sampled_from(["", "1", "7"]),
    instance_share=st.floats(min_value=0, max_value=1),
)
looks = st.builds(
    GpuLook,
    device_id=st.text(max_size=50),
    at_seconds=amounts,
    joules=st.none() | amounts,
    failure=st.none() | st.text(max_size=50),
    processes=st.none() | st.lists(processes, max_size=4).map(tuple),
    is_complete=st.booleans(),
    use=st.sampled_from([None, SAMPLED]),
    samples=st.integers(min_value=0, max_value=1 << 40),
    machine_busy_seconds=st.none(),
    watts=st.none() | amounts,
    was_listed=st.booleans(),
)


@settings(deadline=None, max_examples=50)
@given(looks)
def test_a_look_survives_the_way(look: GpuLook) -> None:
    assert look_of(json.loads(json.dumps(look_row(look)))) == look


@pytest.mark.parametrize("row", [[], ["GPU-1"], [*["GPU-1", "soon"], *[None] * 8]])
def test_other_rows_are_refused(row: list[object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        look_of(row)
