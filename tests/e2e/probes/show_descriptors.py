"""Write the open descriptors, with what they are open on, to the file that is named.

``show_descriptors.py FILE [N...]``: each descriptor N is written to as well. A line is a number
and a target; the file itself is opened last, so it is not in the list.
"""

import os
import sys

targets = {}
for name in sorted(os.listdir("/proc/self/fd"), key=int):  # noqa: PTH208 - slow to import
    try:
        targets[name] = os.readlink("/proc/self/fd/" + name)  # noqa: PTH115
    except OSError:
        continue  # the descriptor of the listing itself
for number in sys.argv[2:]:
    os.write(int(number), f"written to {number}\n".encode())
with open(sys.argv[1], "w") as file:  # noqa: PTH123
    file.writelines(f"{name} {target}\n" for name, target in targets.items())
