"""A real HTTP server on the loopback interface that answers as it is told, well or badly."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

    Reply = bytes | Iterator[bytes]


class Request:
    """What was asked: path, query with one value each, headers in lower case."""

    def __init__(self, text: str) -> None:
        line, *headers = text.split("\r\n")
        parts = urlsplit(line.split(" ")[1])
        self.path = unquote(parts.path)
        self.query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        pairs = (header.split(": ", 1) for header in headers if ": " in header)
        self.headers = {name.lower(): value for name, value in pairs}


def answer(body: str | bytes, status: str = "200 OK", headers: str = "") -> bytes:
    content = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n{headers}Connection: close\r\n"
    return head.encode() + b"\r\n" + content


class Loopback:
    """Serves each request in a thread; ``requests`` are those that came, in order."""

    def __init__(
        self, reply: Callable[[Request], Reply], trust: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[Request] = []
        self._reply = reply
        self._trust = trust
        self._is_closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if trust else ''}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def __enter__(self) -> Self:
        """Serve."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(connection.close)
            if self._trust is not None:
                connection = self._trust.wrap_socket(connection, server_side=True)
                stack.callback(connection.close)
            text = b""
            while b"\r\n\r\n" not in text:
                more = connection.recv(65536)
                if not more:
                    return
                text += more
            request = Request(text.decode())
            self.requests.append(request)
            reply = self._reply(request)
            for piece in [reply] if isinstance(reply, bytes) else reply:
                if self._is_closing.is_set():
                    return
                connection.sendall(piece)


def drip(content: bytes, pause_seconds: float, size: int = 1) -> Iterator[bytes]:
    """Yield the content in pieces with a pause behind each."""
    for at in range(0, len(content), size):
        yield content[at : at + size]
        time.sleep(pause_seconds)
