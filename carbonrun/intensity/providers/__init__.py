"""Sources of carbon intensities, one file each, behind one protocol."""
