"""Record signals until a file appears: ``record_signals.py LOG END STATUS NAME...``.

Every invocation of a signal handler puts one byte into a pipe, at C level, so that two deliveries
are two lines even when they come faster than Python can run a handler.
"""

import fcntl
import os
import select
import signal
import struct
import sys
import termios
import time

LIFETIME_SECONDS = 60


def window() -> str:
    """Return the size of the terminal on standard input, or a dash."""
    try:
        rows, columns = struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))[:2]
    except OSError:
        return "-"
    return f"{rows}x{columns}"


def main() -> int:
    """Install the handlers, announce it, record."""
    log, end, status, *names = sys.argv[1:]
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    numbers = {int(getattr(signal, "SIG" + name)): name for name in names}
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, lambda _number, _frame: None)
    os.write(out, f"ready {os.getpid()} {os.getppid()}\n".encode())
    until = time.monotonic() + LIFETIME_SECONDS
    while time.monotonic() < until:
        ready = select.select([reader], [], [], 0.01)[0]
        for number in os.read(reader, 64) if ready else b"":
            name = numbers[number]
            text = f"{name} {window()}" if name == "WINCH" else name
            os.write(out, f"{text}\n".encode())
        if not ready and os.path.exists(end):  # noqa: PTH110 - pathlib is slow to import
            return int(status)
    return 99


sys.exit(main())
