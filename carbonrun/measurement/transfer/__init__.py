"""Energy of disks and network, estimated from the bytes that were moved; only where asked for."""
