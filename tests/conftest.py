"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# Tests run side by side on machines that have other things to do: an example that takes longer
# than another time is no fault.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
