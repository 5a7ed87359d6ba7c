"""A driver whose answers are given: values, functions of the arguments, or codes of NVML."""

from __future__ import annotations

from typing import Any

from carbonrun.measurement.gpu.nvml.driver import FUNCTION_NOT_FOUND, Driver, Refused, text_of

HANDLE = object()


class Refusing:
    """An answer that is none."""

    def __init__(self, code: int) -> None:
        """Refuse with a code of NVML."""
        self.code = code


class Answers(Driver):
    """Answers from a table; keeps what it was asked."""

    def __init__(self, **answers: Any) -> None:
        """Answer by the names of functions without their prefix; what is not there is unknown."""
        super().__init__(None)
        self.table = answers
        self.asked: list[str] = []

    def ask(self, name: str, *arguments: Any, is_raw: bool = False) -> Any:  # noqa: ARG002
        """Return the answer, or refuse."""
        self.asked.append(name)
        answer = self.table.get(name, Refusing(FUNCTION_NOT_FOUND))
        if callable(answer):
            answer = answer(*arguments)
        if isinstance(answer, Refusing):
            raise Refused(answer.code, text_of(answer.code))
        return answer
