"""Immutable value objects that cost nothing to import.

Responsible for: the base class of all frozen data in the package.
Not responsible for: validation, conversion, serialisation formats.

Why not ``dataclasses``: importing it costs as much as starting the interpreter once more (it
pulls in ``inspect`` and ``re``; measured by ``benchmarks/startup.py``), and these classes are
needed before the measured command is started.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_options):  # noqa: ANN003, ANN201, D103
        return lambda cls: cls


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=True)
class Record:
    """A frozen value with named fields, declared as annotations; a class attribute is a default.

    Fields are passed by keyword. Two records are equal if they have the same type and fields.

    Raises:
        TypeError: a field is missing or unknown.
        AttributeError: a field is assigned after construction.
    """

    _fields: tuple[str, ...] = ()
    _blank: dict[str, Any] | None = None
    _required: frozenset[str] = frozenset()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the annotated names of the class behind those of its bases."""
        super().__init_subclass__(**kwargs)
        own = [name for name in cls.__annotations__ if not name.startswith("_")]
        inherited = [name for name in cls._fields if name not in own]
        cls._fields = (*inherited, *own)
        cls._blank = None

    def __init__(self, **values: Any) -> None:
        """Store the fields; see the class for errors."""
        if tuple(values) == self._fields:  # as most are made; four times as fast
            self.__dict__.update(values)
            return
        blank = self._blank or self._prepare()
        fields = {**blank, **values}
        if len(fields) != len(blank) or not self._required <= values.keys():
            unknown = [name for name in values if name not in self._fields]
            missing = [name for name in self._fields if name in self._required - values.keys()]
            message = f"{type(self).__name__}: unknown fields {unknown}, missing fields {missing}"
            raise TypeError(message)
        self.__dict__.update(fields)

    @classmethod
    def _prepare(cls) -> dict[str, Any]:
        """Return what a new one begins with: all fields in order, those without a default as None.

        Made at the first need: most classes are never used in a run.
        """
        cls._blank = {name: getattr(cls, name, None) for name in cls._fields}
        cls._required = frozenset(name for name in cls._fields if not hasattr(cls, name))
        return cls._blank

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: records do not change."""
        message = f"{type(self).__name__}.{name} is read-only"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        """Refuse: records do not change."""
        message = f"{type(self).__name__}.{name} is read-only"
        raise AttributeError(message)

    def __eq__(self, other: object) -> bool:
        """Compare type and fields."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Hash type and fields; fails, as a tuple would, if a field is not hashable."""
        return hash((type(self), tuple(self.__dict__.values())))

    def __repr__(self) -> str:
        """Show the fields as keyword arguments."""
        inside = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({inside})"

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return type(self)(**{**self.__dict__, **changes})

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a new dictionary, nested records and sequences included."""
        return {name: _plain(value) for name, value in self.__dict__.items()}


def _plain(value: object) -> object:
    if isinstance(value, Record):
        return value.as_dict()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
