"""GPUs: what one look at each says, and which share of its energy is the command's.

The parts, from the vendor's driver to a ledger::

    look          what one look at a GPU says, whoever was asked. Pure.
    split         which share of a stretch between two looks is the tree's. Pure.
    fold          looks and the tree's processes -> cumulative readings. Pure.
"""
