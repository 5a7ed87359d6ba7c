"""What a provider is given to reach its service. Pure."""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from carbonrun.intensity.services import Service
else:
    Protocol = object


class Get(Protocol):
    """Asks for a document; :meth:`carbonrun.intensity.http.Http.get` is one."""

    def __call__(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Return the body.

        Raises:
            ServiceFailed: there is none.
        """


class Access(Record):
    """The way to a service.

    Attributes:
        service: its line in the table.
        url: its address, without a slash at the end.
        key: as the user has it; None if there is none.
        get: the door to the network.
        now: returns the time, seconds since 1970.
    """

    service: Service
    url: str
    key: str | None
    get: Get
    now: Callable[[], float]

    def __repr__(self) -> str:
        """Show everything but the key."""
        return f"Access({self.service.name}, {self.url})"
