"""Doors to frameworks: each module imports one, and only when it is imported itself."""
