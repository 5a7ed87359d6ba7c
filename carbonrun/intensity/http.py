"""The one door to the network for intensities: a document by GET, or a reason why not.

Responsible for: limits (time, size, redirects), TLS, and one kind of exception. Not responsible
for: what the document says (``providers``), or when to ask (:mod:`carbonrun.intensity.cache`).

Nothing of the surroundings is used: no proxy variables, no ``.netrc``, no cookies. What goes wrong
is told by host and status; never by query, header or reply, which may hold a key.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
from email.utils import parsedate_to_datetime

import httpx

from carbonrun import __version__
from carbonrun.entry import block_signals
from carbonrun.intensity.model import ServiceFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DEADLINE_SECONDS = 5.0
# The largest answer is a month of a service in steps of five minutes: about half of it.
MOST_BYTES = 1 << 20
MOST_REDIRECTS = 3
# A service that wants to be left alone for longer is asked again all the same.
MOST_RETRY_SECONDS = 6 * 3600.0
_CHUNK_BYTES = 1 << 16
# A connection that failed and a server that stumbled are tried once more, after a moment that is
# not the same for all who failed together; what takes long is not.
PASSING_STATUSES = (500, 502, 503, 504)
SHORTEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.1, 0.4
# Not the generator that all of a program share: one that is tracked may have seeded it.
_CHANCE = random.SystemRandom()

KEY_HINT = "check the key of the service, and what it is good for"
BAD_KEY = "the key has a line break or another character that cannot be sent"
LATER_HINT = "it may be a passing fault of the service; a later run asks again"


class Http:
    """Asks services over HTTP."""

    def __init__(
        self,
        deadline_seconds: float = DEADLINE_SECONDS,
        most_bytes: int = MOST_BYTES,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            deadline_seconds: from the look-up of the name to the last byte of the answer.
            most_bytes: the largest body that is taken.
            trust: whose certificates are believed; None is the system's.
        """
        self._deadline_seconds = deadline_seconds
        self._most_bytes = most_bytes
        self._trust = trust

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Return the body of the answer.

        Raises:
            ServiceFailed: there is none that can be used, or not in time.
        """
        target = _url(url, params)
        request = _Request(self, target, headers or {}, self._deadline_seconds)
        # httpx limits each read, not the whole, and the look-up of a name not at all.
        thread = threading.Thread(target=request.run, name="carbonrun-http", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the limit of processes is reached
            raise ServiceFailed(f"{target.host} was not asked: {error}") from error
        thread.join(self._deadline_seconds)
        if thread.is_alive():
            raise _too_slow(target, self._deadline_seconds)
        if request.failure is not None:
            raise request.failure
        return request.body

    def fetch(self, target: httpx.URL, headers: Mapping[str, str], end: float) -> bytes:
        """Follow redirects on the same host until there is a body; see :meth:`get`."""
        trust = self._trust or ssl.create_default_context()
        with httpx.Client(trust_env=False, verify=trust, timeout=self._deadline_seconds) as client:
            for _ in range(MOST_REDIRECTS + 1):
                with client.stream("GET", target, headers=_headers(headers)) as answer:
                    if not answer.has_redirect_location:
                        _check_status(answer, target)
                        return self._body(answer, target, end)
                    target = _redirected(answer, target)
        raise ServiceFailed(f"{target.host} redirects in circles", LATER_HINT)

    def _body(self, answer: httpx.Response, target: httpx.URL, end: float) -> bytes:
        if answer.headers.get("content-encoding", "identity") != "identity":
            message = f"{target.host} sends compressed data, which was not asked for"
            raise ServiceFailed(message, LATER_HINT)
        body = bytearray()
        for chunk in answer.iter_raw(_CHUNK_BYTES):
            body += chunk
            if len(body) > self._most_bytes:
                message = f"{target.host} sends more than {self._most_bytes} bytes"
                raise ServiceFailed(message, LATER_HINT)
            if time.monotonic() > end:
                raise _too_slow(target, self._deadline_seconds)
        return bytes(body)


class _Request:
    """One question, asked in a thread of its own."""

    def __init__(
        self, http: Http, target: httpx.URL, headers: Mapping[str, str], seconds: float
    ) -> None:
        self._http = http
        self._target = target
        self._headers = headers
        self._end = time.monotonic() + seconds
        self.body = b""
        self.failure: ServiceFailed | None = None

    def run(self) -> None:
        """Ask, and once more if that failed in passing; keep the body or the failure."""
        block_signals()  # a run that begins while we still wait must get them all
        is_passing = self._ask_once()
        wait_seconds = _CHANCE.uniform(SHORTEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS)
        if is_passing and time.monotonic() + wait_seconds < self._end:
            time.sleep(wait_seconds)
            self.failure = None
            self._ask_once()

    def _ask_once(self) -> bool:
        """Ask; return whether it failed in a way that may pass."""
        try:
            self.body = self._http.fetch(self._target, self._headers, self._end)
        except ServiceFailed as error:
            self.failure = error
            return error.status in PASSING_STATUSES and error.retry_after_seconds is None
        except (UnicodeEncodeError, httpx.LocalProtocolError):
            self.failure = ServiceFailed(f"{self._target.host} was not asked: {BAD_KEY}", KEY_HINT)
        except httpx.HTTPError as error:
            self.failure = ServiceFailed(f"{self._target.host}: {_why(error)}", LATER_HINT)
            return isinstance(error, (httpx.ConnectError, httpx.RemoteProtocolError))
        except Exception as error:  # noqa: BLE001 - its text may hold the URL
            self.failure = ServiceFailed(f"{self._target.host}: {type(error).__name__}")
        return False


def _url(url: str, params: Mapping[str, str] | None) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ServiceFailed("the address of the service is no URL") from error
    if target.scheme not in ("http", "https") or not target.host:
        message = "the address of the service must begin with https:// or http://"
        raise ServiceFailed(message)
    return target.copy_merge_params(dict(params)) if params else target


def _headers(more: Mapping[str, str]) -> dict[str, str]:
    return {
        "User-Agent": f"carbonrun/{__version__}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # what is compressed may be larger than it looks
        **more,
    }


def _redirected(answer: httpx.Response, target: httpx.URL) -> httpx.URL:
    """Return where a redirect leads, if that is the same server."""
    try:
        place = target.join(answer.headers["location"])
    except (httpx.InvalidURL, ValueError):
        raise ServiceFailed(f"{target.host} redirects to nowhere", LATER_HINT) from None
    if (place.scheme, place.host, place.port) != (target.scheme, target.host, target.port):
        message = f"{target.host} redirects to another server, which is not followed"
        raise ServiceFailed(message, "a network that asks for a login does so, too")
    return place


def _check_status(answer: httpx.Response, target: httpx.URL) -> None:
    code, host = answer.status_code, target.host
    if code == httpx.codes.OK:
        return
    if code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise ServiceFailed(f"{host} refuses (status {code})", KEY_HINT, status=code)
    seconds = retry_after_seconds(answer.headers.get("retry-after", ""), time.time())
    message = f"{host} answers with status {code}"
    if code == httpx.codes.TOO_MANY_REQUESTS:
        message = f"{host} was asked too often (status {code})"
    raise ServiceFailed(message, LATER_HINT, status=code, retry_after_seconds=seconds)


def retry_after_seconds(text: str, now_unix_seconds: float) -> float | None:
    """Return what a Retry-After header asks for; None if it does not say.

    Source: RFC 9110, 10.2.3: a number of seconds or a date.
    """
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), MOST_RETRY_SECONDS)
    try:
        seconds = parsedate_to_datetime(text).timestamp() - now_unix_seconds
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), MOST_RETRY_SECONDS)


def _too_slow(target: httpx.URL, seconds: float) -> ServiceFailed:
    return ServiceFailed(f"{target.host} gave no whole answer within {seconds:g} s", LATER_HINT)


def _why(error: httpx.HTTPError) -> str:
    text = str(error)
    if "CERTIFICATE" in text or "SSL" in text:
        return "its certificate or TLS cannot be trusted"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx.ConnectError):
        return "it cannot be reached"
    return f"the connection failed ({type(error).__name__})"
