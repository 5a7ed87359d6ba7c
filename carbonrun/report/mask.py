"""Takes secrets out of a command line before it is recorded anywhere. Pure.

Masked are: values of options, variables, headers and JSON fields whose name says that they are
secret (``--token=...``, ``--token ...``, ``PASSWORD=...``, ``Authorization: ...``), credentials in
URLs, ``curl -u user:password``, tokens that are known by their form, and whatever matches the
user's own patterns (``--mask``). In doubt more is masked rather than less.

``re`` is imported only for a command line that may hold something: most do not, and the import
costs as much as the rest of the report.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Sequence

MASK = "***"

# One of these stands in every command line that any rule below could match.
_TRACES = (
    "pass", "pwd", "secret", "token", "key", "cred", "auth", "cookie", "://", "connection",
    "signature", "sk-", "gh", "glpat-", "xox", "akia", "asia", "hf_", "pypi-", "-u", "--user", "eyj",
)  # fmt: skip

# A name is secret if one of its parts between "-", "_" and "." is, or ends in, one of these.
_WORDS = "password|passwd|passphrase|passcode|secret|token|apikey|pwd|credentials?|cookie"
_WHOLE_PARTS = "pass|secrets|auth|authorization|signature"
_PAIRS = (
    "(?:api|access|private|secret|account|signing|encryption|client|license|auth|ssh|service)"
    "[-_.]?key|connection[-_.]?string"
)
_NAME = (
    rf"(?:[\w.]|-(?!-))*?(?:(?:{_WORDS})|(?<![a-zA-Z])(?:{_WHOLE_PARTS})|{_PAIRS})(?![a-zA-Z])"
    r"(?:[-_.]?(?:\d+|prod|dev|test|stage|staging|old|new))?(?![a-zA-Z0-9])"
)
# --no-token and the like take no value.
_OPTION = rf"(?i)--?(?!-|no-|without-|skip-|disable-){_NAME}"
_WHOLE_ASSIGNMENT = rf"(?i)((?:--?)?{_NAME}=).+"
_ASSIGNMENT = rf"(?i)(?<![\w.-])((?:--?)?{_NAME}=)(\"[^\"]*\"|'[^']*'|[^\s\"'&;|)<>]+)"
_SPACED_OPTION = rf"(?i)(?<!\S)({_OPTION[4:]}\s+)(?!-)(\"[^\"]*\"|'[^']*'|[^\s\"'&;|)<>]+)"
_HEADER = rf"(?i)(?<![\w.-])({_NAME}:\s+)[^\"'\n]+"
_BARE_HEADER = rf"(?i)({_NAME}:).+"
_JSON_FIELD = rf"(?i)([\"']{_NAME}[\"']\s*:\s*)(\"[^\"]*\"|'[^']*'|[^\s,}}]+)"
_URL_PASSWORD = r"([a-zA-Z][a-zA-Z0-9+.-]*://[^\s/?#@:]*:)[^\s/?#]*(@)"
_URL_USER = r"(https?://)[^\s/?#@:]+(@)"
# Source: the services' own documentation of their tokens' prefixes; JSON web tokens, RFC 7519.
_KNOWN_TOKENS = (
    r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}|sk-[\w-]{16,}|hf_[A-Za-z0-9]{16,}|pypi-[\w-]{16,}"
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*)"
)

_ORDINARY_USER_OPTIONS = ("-u", "--user", "--proxy-user", "-U")
_HEADER_OPTIONS = ("-H", "--header")


def mask_command(command: Sequence[str], patterns: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the command line with ``***`` for every secret.

    Args:
        command: the words of the command.
        patterns: the user's regular expressions; whatever they match is masked.
    """
    patterns = tuple(patterns)
    text = "\0".join(command).lower()
    if not patterns and not any(trace in text for trace in _TRACES):
        return tuple(command)
    return _Masker(patterns).command(command)


class _Masker:
    """The compiled rules."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        import re

        self._option = re.compile(_OPTION)
        self._whole = re.compile(_WHOLE_ASSIGNMENT, re.DOTALL)
        self._bare_header = re.compile(_BARE_HEADER, re.DOTALL)
        self._rules: list[tuple[re.Pattern[str], str]] = [
            (re.compile(_URL_PASSWORD), rf"\g<1>{MASK}\g<2>"),
            (re.compile(_URL_USER), rf"\g<1>{MASK}\g<2>"),
            (re.compile(_JSON_FIELD), rf'\g<1>"{MASK}"'),
            (re.compile(_ASSIGNMENT), rf"\g<1>{MASK}"),
            (re.compile(_SPACED_OPTION), rf"\g<1>{MASK}"),
            (re.compile(_HEADER), rf"\g<1>{MASK}"),
            (re.compile(_KNOWN_TOKENS), MASK),
        ]
        self._own = [re.compile(pattern) for pattern in patterns]

    def command(self, command: Sequence[str]) -> tuple[str, ...]:
        masked = [self._word(word, before) for before, word in zip(("", *command), command)]  # noqa: B905
        return tuple(masked)

    def _word(self, word: str, before: str) -> str:
        for pattern in self._own:
            word = pattern.sub(MASK, word)
        if self._option.fullmatch(before) and not word.startswith("-"):
            return MASK
        whole = self._whole.fullmatch(word)
        if whole is not None:
            return whole[1] + MASK
        if before in _HEADER_OPTIONS and (header := self._bare_header.fullmatch(word)):
            return f"{header[1]} {MASK}"
        if before in _ORDINARY_USER_OPTIONS:
            user, colon, password = word.partition(":")
            if colon and not password.isdigit():  # -u 1000:1000 are a user and a group
                return f"{user}:{MASK}"
        for pattern, replacement in self._rules:
            word = pattern.sub(replacement, word)
        return word
