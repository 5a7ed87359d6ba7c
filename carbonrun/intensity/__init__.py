"""Carbon intensity of electricity: zones, where this machine is, providers of figures."""
