"""What the process tree uses: CPU time, memory, I/O, from the best source there is."""
