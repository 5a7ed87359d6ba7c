"""The options of a run as options of a subcommand, made from the one option table.

typer reads the options of a subcommand from the signature of its function, so the function gets a
signature with all of them; what was given is collected as the parser of a run would return it.
"""

from __future__ import annotations

import functools
import inspect
from typing import Annotated, Any

import typer

from carbonrun.cli.describe import remarks, switch_help, value_name
from carbonrun.option import ACTION
from carbonrun.options import OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping

    from carbonrun.option import Option

    Flags = dict[str, tuple[str, ...]]

_GIVEN = "carbonrun.given"


def with_run_options(
    function: Callable[..., int | None], left_out: Container[str]
) -> Callable[..., int | None]:
    """Return the function of a subcommand with the options of a run added to its own.

    Args:
        function: takes a ``typer.Context``; :func:`given` tells what was given.
        left_out: keys of options that mean nothing to it.
    """
    own = inspect.signature(function, eval_str=True)
    more = list(_parameters(left_out))

    @functools.wraps(function)
    def wrapper(**values: Any) -> int | None:
        return function(**{name: values[name] for name in own.parameters})

    signature = own.replace(parameters=[*own.parameters.values(), *more])
    wrapper.__signature__ = signature  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return wrapper


def given(context: typer.Context, before: Mapping[str, tuple[str, ...]]) -> Flags:
    """Return the options before the name of the subcommand together with those behind it."""
    behind: Flags = context.meta.get(_GIVEN, {})
    return {key: (*before.get(key, ()), *behind.get(key, ())) for key in {**before, **behind}}


def words_of(flags: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return options that have the same flags."""
    words: list[str] = []
    for option in OPTIONS:
        switches = {text: flag for flag, text in option.switches}
        texts = flags.get(option.key, ())
        words += [f"{option.flags[0]}={t}" if option.flags else switches[t] for t in texts]
    return words


def _parameters(left_out: Container[str]) -> Iterator[inspect.Parameter]:
    for option in OPTIONS:
        if option.kind == ACTION or option.key in left_out:
            continue
        for flag in option.flags:
            extra = remarks(option)
            help_text = option.help + (f" [{extra}]" if extra else "")
            annotation = Annotated[list[str] | None, _declared(option, flag, None, help_text)]
            yield _parameter(flag, annotation, None)
        for flag, text in option.switches:
            declared = _declared(option, flag, text, switch_help(option, text))
            yield _parameter(flag, Annotated[bool, declared], default=False)


def _parameter(flag: str, annotation: object, default: bool | None) -> inspect.Parameter:
    name = "run_" + flag.strip("-").replace("-", "_")
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def _declared(option: Option, flag: str, text: str | None, help_text: str) -> Any:
    """Return the declaration; ``text`` is what a switch stands for, None for one with a value."""

    def note(context: typer.Context, value: Any) -> Any:
        texts = value or () if text is None else (text,) if value else ()
        if texts:
            flags = context.meta.setdefault(_GIVEN, {})
            flags[option.key] = (*flags.get(option.key, ()), *texts)
        return value or (() if text is None else False)  # some versions cannot do with None

    # typer evaluates the annotations, and this module's are texts.
    note.__annotations__ = {"context": typer.Context}
    return typer.Option(
        flag,
        help=help_text,
        metavar=value_name(option) if text is None else None,
        rich_help_panel=option.section,
        show_default=False,
        callback=note,
    )
