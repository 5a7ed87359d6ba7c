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
            --csv | --json | --summary | --top | --flame | --metrics | --junit | --ci | --mask | --name | --project | --tag | --scope | --zone | --intensity | --provider | --intensity-url | --geoip-url | --pue | --embodied-kg | --embodied-years | --unit | --price | --wue | --ewif | --max-delay | --start-by | --deadline | --duration | --min-saving | --plan-with | --hand-over | --max-energy | --max-co2e | --on-exceed | --interval | --redfish-url | --idle-watts | --sysfs | --procfs | --config | --profile | --state-dir)
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
        mapfile -t COMPREPLY < <(compgen -W "--csv --json --summary --top --flame --metrics --junit --ci --mask --name --project --tag --scope --zone --intensity --provider --intensity-url --geoip-url --pue --embodied-kg --embodied-years --unit --price --wue --ewif --max-delay --start-by --deadline --duration --min-saving --plan-with --hand-over --max-energy --max-co2e --on-exceed --interval --redfish-url --idle-watts --sysfs --procfs --config --profile --state-dir --no-csv -q --live --no-live --offline --no-offline --geoip --no-geoip --embodied --no-embodied --water --no-water --equivalences --no-equivalences --dry-run --no-dry-run --delay --no-delay --cgroup --no-cgroup --wait-tree --no-wait-tree --board --no-board --estimate-disk-network --no-estimate-disk-network --cloud-metadata --no-cloud-metadata --version --help" -- "$cur")
    elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == -- ]]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$cur")
    else
        mapfile -t COMPREPLY < <(compgen -c -W "compare monitor attach mark calibrate doctor intensity report config" -- "$cur")
    fi
}

# Complete the value of an option.
_carbonrun_value() {
    case $1 in
        --summary) mapfile -t COMPREPLY < <(compgen -W "full line none" -- "$2") ;;
        --ci) mapfile -t COMPREPLY < <(compgen -W "auto none" -- "$2") ;;
        --scope) mapfile -t COMPREPLY < <(compgen -W "tree machine" -- "$2") ;;
        --provider) mapfile -t COMPREPLY < <(compgen -W "bundled electricitymaps neso energinet energy-charts rte green-grid-compass carbon-aware-sdk http-json file" -- "$2") ;;
        --plan-with) mapfile -t COMPREPLY < <(compgen -W "electricitymaps neso energinet energy-charts rte green-grid-compass carbon-aware-sdk http-json file watttime" -- "$2") ;;
        --hand-over) mapfile -t COMPREPLY < <(compgen -W "at systemd-run sbatch" -- "$2") ;;
        --on-exceed) mapfile -t COMPREPLY < <(compgen -W "warn fail stop" -- "$2") ;;
        --csv | --json | --flame | --metrics | --junit | --config)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$2")
            ;;
        --sysfs | --procfs | --state-dir)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$2")
            ;;
    esac
}

# Complete behind "monitor" and "attach": options, a command, a process.
_carbonrun_watching() {
    if [[ $2 == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--for --csv --json --summary --top --flame --metrics --junit --ci --mask --name --project --tag --scope --zone --intensity --provider --intensity-url --geoip-url --pue --embodied-kg --embodied-years --unit --price --wue --ewif --max-delay --start-by --deadline --duration --min-saving --plan-with --hand-over --max-energy --max-co2e --on-exceed --interval --redfish-url --idle-watts --sysfs --procfs --config --profile --state-dir --no-csv -q --live --no-live --offline --no-offline --geoip --no-geoip --embodied --no-embodied --water --no-water --equivalences --no-equivalences --dry-run --no-dry-run --delay --no-delay --cgroup --no-cgroup --wait-tree --no-wait-tree --board --no-board --estimate-disk-network --no-estimate-disk-network --cloud-metadata --no-cloud-metadata --version --help" -- "$2")
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
            compare) own="--warmup --runs --max-runs --precision --rerun-busy --repeats --seed --vary -n --command-name --work --shell --ignore-failure --settle --output --input --setup --prepare --conclude --cleanup --equivalence --save --baseline --fail-if-worse --export-csv --export-json --export-markdown --export-svg" ;;
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
