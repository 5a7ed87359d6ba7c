"""The completion for bash; works with and without the bash-completion package."""

from __future__ import annotations

from carbonrun.cli import comparison_options
from carbonrun.option import FLAG, OUTPUT, PATH
from carbonrun.options import OPTIONS

_SCRIPT = """\
# Completion of carbonrun for bash. Made from the option table; do not edit.

_carbonrun() {
    local cur=${COMP_WORDS[COMP_CWORD]} option="" at=1 word
    COMPREPLY=()
    # Walk over the options: bash has split "--opt=value" into three words.
    while ((at < COMP_CWORD)); do
        word=${COMP_WORDS[at]}
        case $word in
            --)
                ((at++))
                break
                ;;
            @WITH_VALUE@)
                option=$word
                ((at++))
                [[ ${COMP_WORDS[at]} == = ]] && ((at++))
                ((at < COMP_CWORD)) || break
                option=""
                ((at++))
                # A value with "=" or ":" in it was split as well.
                while ((at < COMP_CWORD)) && [[ ${COMP_WORDS[at]} == [=:] ]]; do
                    ((at += 2))
                done
                ;;
            -*) ((at++)) ;;
            *) break ;;
        esac
    done
    if [[ $option ]]; then
        [[ $cur == = ]] && cur=""
        _carbonrun_value "$option" "$cur"
    elif ((at < COMP_CWORD)); then
        _carbonrun_rest "$at" "$cur"
    elif [[ $cur == -* && ${COMP_WORDS[COMP_CWORD - 1]} != -- ]]; then
        mapfile -t COMPREPLY < <(compgen -W "@ALL@" -- "$cur")
    elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == -- ]]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$cur")
    else
        mapfile -t COMPREPLY < <(compgen -c -W "@SUBCOMMANDS@" -- "$cur")
    fi
}

# Complete the value of an option.
_carbonrun_value() {
    case $1 in
@VALUES@
    esac
}

# Complete behind "monitor" and "attach": options, a command, a process.
_carbonrun_watching() {
    if [[ $2 == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--for @ALL@" -- "$2")
    elif [[ $1 == attach ]]; then
        mapfile -t COMPREPLY < <(cd /proc 2>/dev/null && compgen -G "$2[0-9]*" | grep -x "[0-9]*")
    else
        mapfile -t COMPREPLY < <(compgen -c -- "$2")
    fi
}

# Complete behind the command: as that command does, or with files.
_carbonrun_rest() {
    local own="" name=${COMP_WORDS[$1]}
    if [[ ${COMP_WORDS[$1 - 1]} != -- ]]; then
        case $name in
            calibrate) own="--quick --idle-seconds --step-seconds --force --json --show --forget" ;;
            config) own="--json --path --example" ;;
            doctor) own="--json" ;;
            compare) own="@COMPARE@" ;;
            monitor | attach) _carbonrun_watching "$name" "$2" && return ;;
        esac
    fi
    if [[ $own ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$own --help" -- "$2")
    elif declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$2")
    fi
}

complete -F _carbonrun carbonrun
"""


def bash_completion(subcommands: tuple[str, ...]) -> str:
    """Return the script; ``subcommands`` are those that this version has."""
    with_value = [flag for option in OPTIONS for flag in option.flags]
    switches = [flag for option in OPTIONS for flag, _text in option.switches]
    return (
        _SCRIPT.replace("@WITH_VALUE@", " | ".join(with_value))
        .replace("@ALL@", " ".join([*with_value, *switches]))
        .replace("@COMPARE@", " ".join(_of_compare()))
        .replace("@SUBCOMMANDS@", " ".join(subcommands))
        .replace("@VALUES@", "\n".join(_values()))
    )


def _of_compare() -> list[str]:
    """Return the options of the comparison, without those of its runs."""
    declared = (getattr(value, "__metadata__", ()) for value in vars(comparison_options).values())
    infos = [info for group in declared for info in group if hasattr(info, "param_decls")]
    # typer takes the first name for the default until it has seen the signature.
    names = [name for info in infos for name in (info.default, *(info.param_decls or ()))]
    return [name for name in names if isinstance(name, str) and name.startswith("-")]


def _values() -> list[str]:
    lines: list[str] = []
    files: list[str] = []
    folders: list[str] = []
    for option in OPTIONS:
        if option.choices and option.kind != FLAG:
            words = f'compgen -W "{" ".join(option.choices)}" -- "$2"'
            lines.append(f"        {option.flags[0]}) mapfile -t COMPREPLY < <({words}) ;;")
        elif option.kind in {PATH, OUTPUT}:
            (folders if option.metavar == "DIR" else files).extend(option.flags)
    for flags, action in ((files, "-f"), (folders, "-d")):
        lines.append(
            f"        {' | '.join(flags)})\n"
            "            compopt -o filenames 2>/dev/null\n"
            f'            mapfile -t COMPREPLY < <(compgen {action} -- "$2")\n'
            "            ;;"
        )
    return lines
