"""The only door to the package ``nvidia-ml-py`` (its module is called ``pynvml``)."""

from __future__ import annotations

import warnings

from carbonrun.errors import MeterUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

INSTALL = "install nvidia-ml-py beside carbonrun (pip install nvidia-ml-py)"
REPLACE = "pip uninstall pynvml; pip install --force-reinstall nvidia-ml-py"


def load_binding() -> Any:
    """Return the module.

    Raises:
        MeterUnavailable: it is not there, or is something else of the same name.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is said about the name is said by us
            import pynvml
    except ImportError as error:
        message = f"Python's binding of NVML cannot be imported ({error})"
        raise MeterUnavailable(message, INSTALL) from error
    # Source: Zeus tells the old, unofficial package of the same name by that function.
    if not hasattr(pynvml, "_nvmlGetFunctionPointer"):
        where = getattr(pynvml, "__file__", "?")
        version = getattr(pynvml, "__version__", "of unknown version")
        message = (
            f"{where} is not NVIDIA's nvidia-ml-py but another package of the same module name "
            f"(pynvml {version})"
        )
        raise MeterUnavailable(message, REPLACE)
    return pynvml
