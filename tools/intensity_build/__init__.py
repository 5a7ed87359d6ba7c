"""The parts of ``tools/build_intensity_data.py``; not part of the package."""
