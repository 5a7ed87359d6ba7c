"""Functions of every kind, run within a context: plain ones, coroutines, generators, both."""

from __future__ import annotations

import functools
import inspect
from typing import Any, cast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator
    from contextlib import AbstractContextManager
    from typing import TypeVar

    Function = TypeVar("Function", bound=Callable[..., Any])
    Context = Callable[[], AbstractContextManager[object]]


def wrap(function: Function, context: Context) -> Function:
    """Return a function that does the same within a context of its own at each call."""
    if inspect.iscoroutinefunction(function):
        wrapper = _coroutine(function, context)
    elif inspect.isasyncgenfunction(function):
        wrapper = _async_generator(function, context)
    elif inspect.isgeneratorfunction(function):
        wrapper = _generator(function, context)
    else:
        wrapper = _plain(function, context)
    return cast("Function", functools.wraps(function)(wrapper))


def _plain(function: Callable[..., Any], context: Context) -> Callable[..., Any]:
    def plain(*args: Any, **kwargs: Any) -> Any:
        with context():
            return function(*args, **kwargs)

    return plain


def _coroutine(function: Callable[..., Any], context: Context) -> Callable[..., Any]:
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        with context():
            return await function(*args, **kwargs)

    return coroutine


def _generator(function: Callable[..., Any], context: Context) -> Callable[..., Any]:
    def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with context():
            return (yield from function(*args, **kwargs))

    return generator


def _async_generator(function: Callable[..., Any], context: Context) -> Callable[..., Any]:
    async def async_generator(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        with context():
            async for item in function(*args, **kwargs):
                yield item

    return async_generator
