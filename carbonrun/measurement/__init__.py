"""Energy of devices and its attribution to a process tree; knows nothing of carbon."""
