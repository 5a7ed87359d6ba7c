"""A start that waits for hours of lower carbon intensity, where it was asked for."""
