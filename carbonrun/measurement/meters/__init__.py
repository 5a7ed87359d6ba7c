"""Sensors and models, one file each, behind the Meter protocol."""
