r"""The forms in which secrets stand in a command line, as regular expressions. Pure.

Each starts at the beginning of a word or name, so that a word of 128 KiB takes linear time. What
is kept stands in the groups 1 and, behind the secret, 2.
"""

from __future__ import annotations

# A name is secret if one of its parts between "-", "_" and "." is, or ends in, one of these.
_WORDS = "password|passwd|passphrase|passcode|secret|token|apikey|pwd|credentials?|cookie"
_WHOLE_PARTS = "pass|passin|passout|secrets|auth|authorization|signature"
_PAIRS = (
    "(?:api|access|private|secret|account|signing|encryption|client|license|auth|ssh|service)"
    "[-_.]?key|connection[-_.]?string"
)
NAME = (
    rf"(?:[\w.]|-(?!-))*?(?:(?:{_WORDS})|(?<![a-zA-Z])(?:{_WHOLE_PARTS})|{_PAIRS})(?![a-zA-Z])"
    r"(?:[-_.]?(?:\d+|base|prod|dev|test|stage|staging|old|new))?(?![a-zA-Z0-9])"
)
_QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'[^']*'"
_VALUE = rf"(?:{_QUOTED}|[^\s\"'&;|)<>]+)"
# --no-token and the like take no value.
_DASHED = rf"--?(?!-|no-|without-|skip-|disable-){NAME}"
# The user's number and group's, "1000:1000", are no secret.
_USER = r"(?!\d+:\d+(?![^\s\"']))[^\s:\"']*:"

# Of whole words.
OPTION = rf"(?i){_DASHED}"
ASSIGNMENT_WORD = rf"(?i)((?:--?)?{NAME}=).+"
HEADER_WORD = rf"(?i)({NAME}:).+"
USER_WORD = rf"({_USER}).+"

# Anywhere in a word.
INSIDE = (
    # https://joe:password@host, https://token@host
    r"(?<![a-zA-Z0-9+.-])([a-zA-Z][a-zA-Z0-9+.-]*://[^\s/?#@:]*:)[^\s/?#]*(@)",
    r"(https?://)[^\s/?#@:]+(@)",
    # "password": "..."
    rf"(?i)([\"']{NAME}[\"']\s*:\s*\"|[\"']{NAME}[\"']\s*:\s*')(?:[^\"'\\]|\\.)*([\"'])",
    rf"(?i)([\"']{NAME}[\"']\s*:\s*)[^\s\"',}}]+()",
    # PASSWORD=..., --password=...
    rf"(?i)(?<![\w.-])((?:--?)?{NAME}=){_VALUE}()",
    # --password ... in a string for a shell
    rf"(?i)(?<!\S)({_DASHED}\s+)(?!-){_VALUE}()",
    # Authorization: ..., X-Auth-Token:...
    rf"(?i)(?<![\w.-])({NAME}:\s+)[^\"'\n]+()",
    rf"(?i)(?<![\w.-])(X-{NAME}:)[^\s\"']+()",
    # openssl -passin pass:...
    rf"(?<![\w.-])(pass:){_VALUE}()",
    # curl -u joe:password
    rf"(?<!\S)((?:-u\s*|-U\s*|--(?:proxy-)?user(?:\s+|=))[\"']?{_USER})[^\s\"']+()",
)

# Source: the services' own documentation of their tokens' prefixes; JSON web tokens, RFC 7519.
KNOWN_FORM = (
    r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|sk-[\w-]{16,}|hf_[A-Za-z0-9]{16,}"
    r"|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{16,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*)+"
)
