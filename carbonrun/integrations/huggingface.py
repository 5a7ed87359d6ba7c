"""A callback for the ``Trainer`` of Hugging Face's transformers.

::

    from carbonrun.integrations.huggingface import CarbonrunCallback

    trainer = Trainer(..., callbacks=[CarbonrunCallback(name="fine-tuning", zone="FR")])
"""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

from carbonrun.integrations.flow import FlowCallback


class CarbonrunCallback(FlowCallback, TrainerCallback):  # type: ignore[misc] # the package may not be there
    """Measures each training, with epochs and evaluations as phases; each process its own part."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Begin to measure."""
        self._flow.begin("train")

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Report."""
        self._flow.end("train")

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Begin a phase."""
        self._flow.begin("epoch")

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """End it."""
        self._flow.end("epoch")

    def on_prediction_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Begin a phase with the first step: the trainer does not say that an evaluation begins."""
        if not self._flow.is_open("evaluate"):
            self._flow.begin("evaluate")

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """End it."""
        self._flow.end("evaluate")

    def on_predict(self, args: Any, state: Any, control: Any, *_args: Any, **_: Any) -> None:
        """End it: a prediction has the same steps."""
        self._flow.end("evaluate")
