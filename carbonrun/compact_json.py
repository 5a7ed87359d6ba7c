"""One line of JSON without importing :mod:`json`.

``import json`` pulls in ``re`` and ``enum``, 6 of the 20 milliseconds that carbonrun needs after a
short command (``benchmarks/startup.py``), and the journal needs none of it: the encoder itself is
in C. Where an interpreter has no such module, ``json`` does the same.
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def dumps(value: dict[str, Any] | list[Any]) -> str:
    """Return the value as ASCII JSON without spaces; a record is an object of its fields.

    Raises:
        ValueError: it holds a number that is not finite.
        TypeError: it holds something that JSON has not.
    """
    try:
        from _json import encode_basestring_ascii, make_encoder
    except ImportError:
        import json

        return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_fields)
    # In order: markers of circular references, what to do with other types, encoder of texts,
    # indent, separators, sort_keys, skipkeys, allow_nan. Source: CPython, Lib/json/encoder.py.
    encode = make_encoder(
        None, _fields, encode_basestring_ascii, None, ":", ",", False, False, False
    )
    return "".join(encode(value, 0))


def _fields(value: object) -> object:
    """Return a record's fields as they are: the encoder goes on from there, faster than a copy."""
    if isinstance(value, Record):
        return value.__dict__
    message = f"{type(value).__name__} has no JSON form"
    raise TypeError(message)
