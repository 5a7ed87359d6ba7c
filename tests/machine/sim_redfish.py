"""A Redfish service on the loopback interface, well-behaved or not."""

from __future__ import annotations

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

USER, PASSWORD = "operator", "correct horse"
CHASSIS = "/redfish/v1/Chassis"


class SimulatedRedfish:
    """A context manager; resources are by path.

    Attributes:
        resources: what is served; a text is served as it is.
        asked: the paths that were asked for.
        delay_seconds: before each answer.
    """

    def __init__(self, watts: float = 320.5) -> None:
        """Make a service with one chassis that has a ``Power`` resource."""
        self.asked: list[str] = []
        self.delay_seconds = 0.0
        self.resources: dict[str, Any] = {
            CHASSIS: {"Members": [{"@odata.id": f"{CHASSIS}/Tray"}, {"@odata.id": f"{CHASSIS}/1"}]},
            f"{CHASSIS}/Tray": {"Id": "Tray"},
            f"{CHASSIS}/1": {"Id": "1", "Power": {"@odata.id": f"{CHASSIS}/1/Power"}},
        }
        self.set_watts(watts)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        """Return the URL of the service."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def set_watts(self, watts: float | None) -> None:
        """Change the power."""
        parts = [{"MemberId": "0", "PowerConsumedWatts": watts}, {"PowerConsumedWatts": 44}]
        self.resources[f"{CHASSIS}/1/Power"] = {"PowerControl": parts if watts else parts[:1]}

    def __enter__(self) -> Self:
        """Begin to answer."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append(self.path)
                time.sleep(service.delay_seconds)
                resource = service.resources.get(self.path)
                status = 200 if resource is not None else 404
                if self.headers.get("Authorization") != f"Basic {token}":
                    status = 401
                body = resource if isinstance(resource, str) else json.dumps(resource or {})
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        return Handler
