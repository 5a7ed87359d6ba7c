"""A callback for Keras.

::

    from carbonrun.integrations.keras import CarbonrunCallback

    model.fit(..., callbacks=[CarbonrunCallback(name="training", zone="FR")])
"""

from __future__ import annotations

from typing import Any

from keras.callbacks import Callback

from carbonrun.integrations.flow import FlowCallback


class CarbonrunCallback(FlowCallback, Callback):  # type: ignore[misc] # the package may not be there
    """Measures each ``fit``, ``evaluate`` and ``predict``; epochs and validations are phases."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin a measurement, or a phase of the one that goes on; here and below."""
        self._flow.begin("fit")

    def on_train_end(self, logs: Any = None) -> None:
        """End it; here and below."""
        self._flow.end("fit")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        self._flow.begin("epoch")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        self._flow.end("epoch")

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: D102
        self._flow.begin("evaluate")

    def on_test_end(self, logs: Any = None) -> None:  # noqa: D102
        self._flow.end("evaluate")

    def on_predict_begin(self, logs: Any = None) -> None:  # noqa: D102
        self._flow.begin("predict")

    def on_predict_end(self, logs: Any = None) -> None:  # noqa: D102
        self._flow.end("predict")
