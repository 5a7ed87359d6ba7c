"""What ``carbonrun doctor`` says of an NVIDIA GPU: what could be better, and how. Pure."""

from __future__ import annotations

from carbonrun.measurement.gpu.nvml.sensors import COUNTER
from carbonrun.measurement.gpu.source import Advice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

ACCOUNTING = "sudo nvidia-smi --accounting-mode=1"
HOST_PIDS = "start the container with the machine's process ids (docker run --pid=host)"


def advice(facts: Mapping[str, Any]) -> Iterator[Advice]:
    """Yield what there is to know of one GPU, from the helper's facts."""
    device_id = str(facts["id"])

    def say(text: str, remedy: str | None = None) -> Advice:
        return Advice(id=device_id, text=text, remedy=remedy)

    for sensor, reason in facts["energy_refusals"].items():
        yield say(f"{sensor}: {reason}")
    if facts["sensor"] is not None and facts["sensor"] != COUNTER:
        yield say(f"its energy is the integral of its {facts['sensor']}")
    if facts["list_refusal"] is not None:
        yield say(f"a list of processes: {facts['list_refusal']}")
        if facts["is_unlisted"]:
            yield say("whose its energy is can only be told by who has its device file open")
            return
    if facts["is_divided"]:
        yield say("divided into instances (MIG): split by their size")
    elif facts["use_refusal"] is not None:
        yield say(f"use of processes: {facts['use_refusal']}; if shared, it is split by memory")
    elif not facts["is_accounted"]:
        yield say("if shared, it is split by samples; sums of its accounting are exact", ACCOUNTING)
    if not facts["sees_all"]:
        yield say("processes outside of this PID namespace are not seen", HOST_PIDS)
