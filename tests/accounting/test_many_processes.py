"""Ten thousand processes at once: all counted, at a small cost, and reported without a fault."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.accounting.conftest import unavailable
from tests.machine.measured_run import REFUSE_TRACE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.machine.measured_run import Bench

PROCESSES = 10_000
NO_ROOM = 75
# In C: ten thousand interpreters would take the memory of a small machine.
CROWD = """
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv) {
    int count = atoi(argv[1]), made = 0, status = 0;
    pid_t *pids = malloc(count * sizeof *pids);
    for (; made < count; made++) {
        pids[made] = fork();
        if (pids[made] == 0) { pause(); _exit(0); }
        if (pids[made] < 0) { status = 75; break; }
    }
    if (status == 0) sleep(2);
    for (int i = 0; i < made; i++) kill(pids[i], SIGKILL);
    for (int i = 0; i < made; i++) waitpid(pids[i], 0, 0);
    return status;
}
"""


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a program that keeps many processes alive for two seconds."""
    compiler = shutil.which("cc") or unavailable("no C compiler")
    folder = tmp_path_factory.mktemp("crowd")
    (folder / "crowd.c").write_text(CROWD)
    subprocess.run([compiler, "-O1", "-o", folder / "crowd", folder / "crowd.c"], check=True)
    return folder / "crowd"


@pytest.mark.parametrize("prefix", [(), REFUSE_TRACE], ids=["perf", "looks"])
def test_ten_thousand_processes(bench: Bench, crowd: Path, prefix: tuple[str, ...]) -> None:
    measured = bench.run([str(crowd), str(PROCESSES)], prefix=prefix)
    if measured.status == NO_ROOM:
        pytest.skip("so many processes are not allowed here")
    assert measured.status == 0
    if measured.tree["cpu_accounting"] == "perf" and not prefix:
        assert measured.tree["processes"] == PROCESSES + 1
    if measured.truth_seconds is not None:
        assert measured.cpu_error == pytest.approx(0, abs=0.02)
    assert measured.tree["left_running"] == 0
    assert measured.note("carbonrun-failed") is None
    # A look at all of them takes 0.3 s; there must not be one at each tick.
    assert measured.own_seconds < 0.5 * measured.wall_seconds
    figures = [measured.report["energy"][name] for name in ("low_joules", "joules", "high_joules")]
    assert 0 <= figures[0] <= figures[1] <= figures[2]
