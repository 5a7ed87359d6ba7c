"""Measuring from inside of Python: ``carbonrun.track``, ``Tracker`` and ``phase``."""
