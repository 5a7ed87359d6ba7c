"""Meters of the whole machine: cross-checks, never summed."""
