"""Takes secrets out of a command line before it is recorded anywhere. Pure.

Masked are: values of options, variables, headers and JSON fields whose name says that they are
secret (``--token=...``, ``--token ...``, ``PASSWORD=...``, ``Authorization: ...``), credentials in
URLs, ``curl -u user:password``, the password options of some programs (``sshpass -p ...``), tokens
that are known by their form, and whatever matches the user's own patterns (``--mask``). In doubt
more is masked rather than less.

``re`` is imported only for a command line that may hold something: most do not, and the import
costs as much as the rest of the report.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Sequence

MASK = "***"

# One of these stands in every command line that any rule could match.
_TRACES = (
    *("pass", "pwd", "secret", "token", "key", "cred", "auth", "cookie", "connection", "signature"),
    *("://", "-u", "--user", "--proxy-user"),
    *(
        "sk-",
        "gh",
        "github",
        "glpat-",
        "xox",
        "akia",
        "asia",
        "aiza",
        "hf_",
        "npm_",
        "pypi-",
        "eyj",
    ),
    *("mysql", "mariadb", "7z", "zip", "ldap"),
)
# Programs that take a password by an option whose name does not say so; where the value may be the
# next word, and where only the rest of the same word.
_PASSWORD_OPTIONS = {
    **dict.fromkeys(("sshpass",), ("-p", True)),
    **dict.fromkeys(("mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump"), ("-p", False)),
    **dict.fromkeys(("7z", "7za", "7zz"), ("-p", False)),
    **dict.fromkeys(("zip", "unzip"), ("-P", True)),
    **dict.fromkeys(("ldapsearch", "ldapadd", "ldapmodify", "ldapwhoami"), ("-w", True)),
}
_USER_OPTIONS = ("-u", "--user", "--proxy-user", "-U")
_HEADER_OPTIONS = ("-H", "--header")
# A secret that is cut out may leave a form behind that is another rule's.
_MOST_PASSES = 10


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

        from carbonrun.report import mask_rules

        self._option = re.compile(mask_rules.OPTION)
        self._assignment = re.compile(mask_rules.ASSIGNMENT_WORD, re.DOTALL)
        self._header = re.compile(mask_rules.HEADER_WORD, re.DOTALL)
        self._user = re.compile(mask_rules.USER_WORD, re.DOTALL)
        self._inside = [re.compile(rule) for rule in mask_rules.INSIDE]
        self._known_form = re.compile(mask_rules.KNOWN_FORM)
        self._own: list[re.Pattern[str]] = [re.compile(pattern) for pattern in patterns]

    def command(self, command: Sequence[str]) -> tuple[str, ...]:
        masked = []
        before, option, is_next = "", "", False
        for word in command:
            if option and word.startswith(option) and word != option:
                masked.append(option + MASK)
            elif option and is_next and before == option:
                masked.append(MASK)
            else:
                masked.append(self._word(word, before))
            program = word.rpartition("/")[2]
            option, is_next = _PASSWORD_OPTIONS.get(program, (option, is_next))
            before = word
        return tuple(masked)

    def _word(self, word: str, before: str) -> str:
        for pattern in self._own:
            word = pattern.sub(MASK, word)
        if self._option.fullmatch(before) and not word.startswith("-"):
            return MASK
        for _ in range(_MOST_PASSES):
            masked = self._masked(word, before)
            if masked == word:
                break
            word = masked
        return word

    def _masked(self, word: str, before: str) -> str:
        whole = self._assignment.fullmatch(word)
        if whole is None and before in _USER_OPTIONS:
            whole = self._user.fullmatch(word)
        if whole is not None:
            return whole[1] + MASK
        if before in _HEADER_OPTIONS and (header := self._header.fullmatch(word)):
            return f"{header[1]} {MASK}"
        for rule in self._inside:
            word = rule.sub(rf"\g<1>{MASK}\g<2>", word)
        return self._known_form.sub(MASK, word)
