"""A callback for the ``Trainer`` of Lightning.

::

    from carbonrun.integrations.lightning import CarbonrunCallback

    trainer = Trainer(callbacks=[CarbonrunCallback(name="training", zone="FR")])
"""

from __future__ import annotations

from typing import Any

try:
    from lightning.pytorch.callbacks import Callback
except ImportError:
    from pytorch_lightning.callbacks import Callback

from carbonrun.integrations.flow import FlowCallback


class CarbonrunCallback(FlowCallback, Callback):  # type: ignore[misc] # the package may not be there
    """Measures each fit, validation, test and prediction; epochs and validations are phases."""

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Begin to measure."""
        self._flow.begin(stage)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Report."""
        self._flow.end(stage)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Report what there is."""
        self._flow.stop(exception)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin a phase; here and below."""
        self._flow.begin("epoch")

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """End a phase; here and below."""
        self._flow.end("epoch")

    def on_sanity_check_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: D102
        self._flow.begin("sanity check")

    def on_sanity_check_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: D102
        self._flow.end("sanity check")

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: D102
        self._flow.begin("validation")

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: D102
        self._flow.end("validation")
