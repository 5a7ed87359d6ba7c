"""The parts of ``tools/build_hardware_data.py``."""
