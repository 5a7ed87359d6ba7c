"""GPUs: what one look at each says, and which share of its energy is the command's.

The parts, from the vendor's driver to a ledger::

    nvml, drm     the readers of vendors' drivers, each a *source* of looks
    source        the interface of these. Pure.
    look          what one look at a GPU says, whoever was asked. Pure.
    members       which of the processes on GPUs are the tree's
    open_files    a sign of use where a driver names no processes
    split         which share of a stretch between two looks is the tree's. Pure.
    fold          looks and the tree's processes -> cumulative readings. Pure.
    floor         what a GPU draws when idle, as the run has seen it. Pure.
    ledger        readings -> energy, with a floor that may become known later. Pure.
    wording       what a figure rests on, in words and as an error. Pure.
    watch         joins them: one for all GPUs of a run
    presence, accelerators    what of AMD, Intel and others there may be
"""
