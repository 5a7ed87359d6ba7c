"""Callbacks of training frameworks and the notebook magic.

The frameworks are large, so they are replaced by packages with the same base classes whose trainers
call the same methods in the same order. Where the real one is installed it is used too.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import pytest

from tests.accounting.conftest import unavailable
from tests.e2e.wrapper import require_carbonrun
from tests.machine.tracked_run import Tracked, track

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def ours() -> None:
    """Only carbonrun has this."""
    require_carbonrun()


def package(folder: Path, name: str, source: str) -> None:
    """Make a package that can be imported by a program in the folder."""
    path = folder / (name.replace(".", "/") + "/__init__.py")
    for parent in reversed(path.parents):
        if folder in parent.parents:
            parent.mkdir(exist_ok=True)
            (parent / "__init__.py").touch()
    path.write_text(source, encoding="utf-8")


def times(report: dict[str, Any]) -> dict[str, int]:
    return {phase["path"]: phase["times"] for phase in report["phases"]}


def finished(done: Tracked) -> Tracked:
    assert done.status == 0, done.stderr
    return done


# Source: the order of calls in transformers.Trainer.train, evaluate and predict.
HUGGING_FACE = """
EVENTS = ("on_init_end", "on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end",
          "on_step_begin", "on_step_end", "on_evaluate", "on_predict", "on_save", "on_log",
          "on_prediction_step")

class TrainerCallback:
    pass

for event in EVENTS:
    setattr(TrainerCallback, event, lambda self, args, state, control, **kwargs: None)
"""
HUGGING_FACE_TRAINING = """
from carbonrun.integrations.huggingface import CarbonrunCallback
callback = CarbonrunCallback(name="tuning")
def event(name, *more, **known):
    getattr(callback, "on_" + name)("args", "state", "control", *more, **known)
def steps(): [event("prediction_step", eval_dataloader=[]) for _ in range(3)]
event("init_end", model=None)
event("train_begin", model=None)
for _ in range(2):
    event("epoch_begin")
    event("step_begin"); work(0.05); event("step_end")
    event("epoch_end")
    steps()
    event("evaluate", metrics={})
event("log", logs={})
event("train_end")
assert callback.report.run.name == "tuning"
steps()
event("predict", {})
assert [report.run.name for report in callback.reports] == ["tuning", "tuning"]
assert callback.reports[-1] is callback.report
"""


def test_hugging_face(tmp_path: Path) -> None:
    package(tmp_path, "transformers", HUGGING_FACE)
    train, predict = finished(track(tmp_path, HUGGING_FACE_TRAINING)).reports
    assert times(train) == {"train": 1, "train/epoch": 2, "train/evaluate": 2}
    assert times(predict) == {"evaluate": 1}


def test_a_training_that_has_failed_and_begins_again(tmp_path: Path) -> None:
    package(tmp_path, "transformers", HUGGING_FACE)
    source = """
from carbonrun.integrations.huggingface import CarbonrunCallback
callback = CarbonrunCallback()
for _ in range(2):
    callback.on_train_begin(1, 2, 3)
    callback.on_epoch_begin(1, 2, 3)
callback.on_train_end(1, 2, 3)
"""
    reports = finished(track(tmp_path, source)).reports
    assert [times(report) for report in reports] == [{"train": 1, "train/epoch": 1}] * 2


def test_bad_options_are_told_at_once(tmp_path: Path) -> None:
    package(tmp_path, "transformers", HUGGING_FACE)
    source = """
from carbonrun.integrations.huggingface import CarbonrunCallback
try:
    CarbonrunCallback(intensity="much")
except carbonrun.CarbonrunError as error:
    print(error)
"""
    assert "intensity" in finished(track(tmp_path, source)).stdout


# Source: the order of calls in Lightning's Trainer.fit.
LIGHTNING = """
class Callback:
    def setup(self, trainer, pl_module, stage): pass
    def teardown(self, trainer, pl_module, stage): pass
"""
LIGHTNING_TRAINING = """
from carbonrun.integrations.lightning import CarbonrunCallback
callback = CarbonrunCallback()
def call(name, *more): getattr(callback, name)("trainer", "module", *more)
call("setup", "fit")
for name in ("sanity_check_start", "validation_start", "validation_end", "sanity_check_end"):
    call("on_" + name)
for epoch in range(2):
    call("on_train_epoch_start")
    work(0.05)
    call("on_validation_start"); call("on_validation_end")
    call("on_train_epoch_end")
call("teardown", "fit")
call("setup", "test")
call("on_exception", RuntimeError("out of memory"))
call("teardown", "test")
assert len(callback.reports) == 2
"""


@pytest.mark.parametrize("name", ["lightning.pytorch.callbacks", "pytorch_lightning.callbacks"])
def test_lightning(tmp_path: Path, name: str) -> None:
    package(tmp_path, name, LIGHTNING)
    fit, test = finished(track(tmp_path, LIGHTNING_TRAINING)).reports
    assert times(fit) == {
        "fit": 1, "fit/sanity check": 1, "fit/sanity check/validation": 1,
        "fit/epoch": 2, "fit/epoch/validation": 2,
    }  # fmt: skip
    assert "RuntimeError" in str([n for n in test["notes"] if n["code"] == "tracked-raised"])


KERAS_TRAINING = """
from carbonrun.integrations.keras import CarbonrunCallback
callback = CarbonrunCallback()
callback.on_train_begin({})
for epoch in range(2):
    callback.on_epoch_begin(epoch, {})
    work(0.05)
    callback.on_test_begin({}); callback.on_test_end({})
    callback.on_epoch_end(epoch, {})
callback.on_train_end({})
callback.on_test_begin(); callback.on_test_end()
callback.on_predict_begin(); callback.on_predict_end()
assert len(callback.reports) == 3
"""


def test_keras(tmp_path: Path) -> None:
    package(tmp_path, "keras.callbacks", "class Callback: pass\n")
    fit, evaluate, predict = finished(track(tmp_path, KERAS_TRAINING)).reports
    assert times(fit) == {"fit": 1, "fit/epoch": 2, "fit/epoch/evaluate": 2}
    assert (times(evaluate), times(predict)) == ({"evaluate": 1}, {"predict": 1})


def test_the_real_hugging_face(tmp_path: Path) -> None:
    if importlib.util.find_spec("transformers") is None:
        pytest.skip("transformers is not installed; its base class was replaced above")
    source = HUGGING_FACE_TRAINING.replace(
        "def event(",
        "from transformers import TrainerCallback\n"
        "assert isinstance(callback, TrainerCallback)\ndef event(",
    )
    train, _ = finished(track(tmp_path, source)).reports
    assert times(train) == {"train": 1, "train/epoch": 2, "train/evaluate": 2}


# A shell as far as the magic needs it.
SHELL = """
class Result:
    error_in_exec = None
    success = True

class Shell:
    def register_magic_function(self, function, kind, name): self.magic = (function, kind, name)
    def run_cell(self, cell):
        result = Result()
        try:
            exec(cell, globals())
        except Exception as error:
            result.error_in_exec, result.success = error, False
        return result
shell = Shell()
carbonrun.load_ipython_extension(shell)
function, kind, name = shell.magic
assert (kind, name) == ("cell", "carbonrun")
"""


def test_the_cell_magic(tmp_path: Path) -> None:
    source = f"""{SHELL}
run = function("--name 'my cell' --zone DE", "x = sum(range(10**6))")
assert x == 499999500000 and run.report.run.name == "my cell"
assert run.report.intensity.grid_zone == "DE"
print(run._repr_html_())
try:
    function("", "1/0")
except Exception as error:
    assert type(error).__name__ == "CellFailed", error
"""
    done = finished(track(tmp_path, source))
    assert "<strong>my cell</strong> measured after" in done.stdout
    assert "ZeroDivisionError" in str(done.reports[1]["notes"])


def test_the_magic_in_ipython(tmp_path: Path) -> None:
    if importlib.util.find_spec("IPython") is None:
        unavailable("IPython is not installed; a shell was made for the test above")
    source = r"""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
shell.run_cell("%load_ext carbonrun").raise_error()
shell.run_cell("%%carbonrun --name cell\nx = 5\n").raise_error()
assert shell.user_ns["x"] == 5
failed = shell.run_cell("%%carbonrun\n1/0")
assert not failed.success
for line in ("--colour red", "words", "--live", "--intensity much", "'"):
    assert not shell.run_cell(f"%%carbonrun {line}\nx = 6").success
assert shell.user_ns["x"] == 5
"""
    done = finished(track(tmp_path, source))
    assert "<Tracker: " in done.stdout
    assert done.stderr.count("UsageError") == 5
    assert "ZeroDivisionError" in done.stdout
    assert [report["run"]["name"] for report in done.reports] == ["cell", None]
