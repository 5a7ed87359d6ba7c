"""Write the arguments to standard output as the kernel has them, each ended by a NUL byte."""

import os
import sys

with open("/proc/self/cmdline", "rb") as file:  # noqa: PTH123 - pathlib is slow to import
    words = file.read().split(b"\0")[:-1]
# Before them: the interpreter, its options and this script.
for word in words[len(words) - len(sys.argv) + 1 :]:
    os.write(1, word + b"\0")
