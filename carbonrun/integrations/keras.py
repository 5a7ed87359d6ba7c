"""A callback for Keras.

::

    from carbonrun.integrations.keras import CarbonrunCallback

    model.fit(..., callbacks=[CarbonrunCallback(name="training", zone="FR")])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras.callbacks import Callback

from carbonrun.integrations.flow import Flow

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from carbonrun.api.options import TrackOptions
    from carbonrun.report.model import Report


class CarbonrunCallback(Callback):  # type: ignore[misc] # the package may not be there
    """Measures each ``fit``, ``evaluate`` and ``predict``; epochs and validations are phases."""

    def __init__(self, **options: Unpack[TrackOptions]) -> None:
        """Take the options of ``carbonrun.track``.

        Raises:
            CarbonrunError: a bad option, configuration file or environment variable.
        """
        super().__init__()
        self._flow = Flow(**options)

    @property
    def report(self) -> Report | None:
        """Return the report of the last of them that has ended."""
        return self._flow.report

    @property
    def reports(self) -> tuple[Report, ...]:
        """Return the reports of all that has ended: each training, and what was done apart."""
        return tuple(self._flow.reports)

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
