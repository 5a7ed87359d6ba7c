"""Comparing commands: randomised interleaved runs, judged by ranks, ratios with intervals."""
