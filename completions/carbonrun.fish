# Completion of carbonrun for fish. Made from the option table; do not edit.

# Succeeds as long as the command has not begun.
function __carbonrun_in_options
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        if contains -- $words[1] --csv --json --summary --top --flame --metrics --junit --ci --mask --name --project --tag --scope --zone --intensity --provider --intensity-url --geoip-url --pue --embodied-kg --embodied-years --unit --price --wue --ewif --max-delay --start-by --deadline --duration --min-saving --plan-with --hand-over --max-energy --max-co2e --on-exceed --interval --redfish-url --idle-watts --sysfs --procfs --config --profile --state-dir
            set -e words[1]
            set -q words[1]; or return 0
        else if test "$words[1]" = --; or not string match -q -- '-*' $words[1]
            return 1
        end
        set -e words[1]
    end
    return 0
end

complete -c carbonrun -x -a "(__fish_complete_subcommand -- --csv --json --summary --top --flame --metrics --junit --ci --mask --name --project --tag --scope --zone --intensity --provider --intensity-url --geoip-url --pue --embodied-kg --embodied-years --unit --price --wue --ewif --max-delay --start-by --deadline --duration --min-saving --plan-with --hand-over --max-energy --max-co2e --on-exceed --interval --redfish-url --idle-watts --sysfs --procfs --config --profile --state-dir)"
complete -c carbonrun -n __carbonrun_in_options -x -a "compare monitor attach mark calibrate doctor intensity report config" -d Subcommand
complete -c carbonrun -n __carbonrun_in_options -l csv -r -F -d 'Append one row a run to this file'
complete -c carbonrun -n __carbonrun_in_options -l no-csv -d 'The same as --csv none'
complete -c carbonrun -n __carbonrun_in_options -l json -r -F -d 'Write the whole report to this file; \'-\' is standard error, \'none\' is off'
complete -c carbonrun -n __carbonrun_in_options -l summary -x -a 'full line none' -d 'What goes to standard error after the run; -q is --summary none'
complete -c carbonrun -n __carbonrun_in_options -s q -d 'The same as --summary none'
complete -c carbonrun -n __carbonrun_in_options -l top -x -d 'Name the N programs that cost the most, below those that called them; 0 is off'
complete -c carbonrun -n __carbonrun_in_options -l flame -r -F -d 'Write which program called which and the joules of each: a flame graph if the name ends in .svg, for speedscope in .json, collapsed stacks in .txt'
complete -c carbonrun -n __carbonrun_in_options -l metrics -r -F -d 'Put the figures into this file in the OpenMetrics format, under the name of the run: a metrics report for GitLab'
complete -c carbonrun -n __carbonrun_in_options -l junit -r -F -d 'Write the run as a JUnit test case with its figures as properties'
complete -c carbonrun -n __carbonrun_in_options -l ci -x -a 'auto none' -d 'In GitHub Actions, GitLab, Jenkins, Azure Pipelines and Buildkite: tag the run with commit, branch and job, and add a row to the step\'s summary of GitHub'
complete -c carbonrun -n __carbonrun_in_options -l live -d 'Show power and energy at the bottom of the terminal while the command runs'
complete -c carbonrun -n __carbonrun_in_options -l no-live -d 'Undo --live of a file or the environment'
complete -c carbonrun -n __carbonrun_in_options -l mask -x -d 'Further secrets to mask in recorded arguments: a regular expression of Python\'s'
complete -c carbonrun -n __carbonrun_in_options -l name -x -d 'A name for the run'
complete -c carbonrun -n __carbonrun_in_options -l project -x -d 'The project that the run belongs to'
complete -c carbonrun -n __carbonrun_in_options -l tag -x -d 'A label of your own'
complete -c carbonrun -n __carbonrun_in_options -l scope -x -a 'tree machine' -d 'Bill the command\'s share of the machine, or the whole machine'
complete -c carbonrun -n __carbonrun_in_options -l zone -x -d 'The grid zone whose electricity is used: FR, US-CA, GB-13, aws:eu-west-3'
complete -c carbonrun -n __carbonrun_in_options -l intensity -x -d 'A constant carbon intensity in g CO2e/kWh instead of a look-up'
complete -c carbonrun -n __carbonrun_in_options -l provider -x -a 'bundled electricitymaps neso energinet energy-charts rte green-grid-compass carbon-aware-sdk http-json file' -d 'Where the carbon intensity comes from'
complete -c carbonrun -n __carbonrun_in_options -l intensity-url -x -d 'Where the provider is, if it has no address of its own or is to be asked elsewhere; a path for the provider \'file\''
complete -c carbonrun -n __carbonrun_in_options -l offline -d 'Never touch the network'
complete -c carbonrun -n __carbonrun_in_options -l no-offline -d 'Undo --offline of a file or the environment'
complete -c carbonrun -n __carbonrun_in_options -l geoip -d 'Ask a service on the internet (get.geojs.io) where this machine\'s address is, if nothing surer than the time zone tells the grid zone'
complete -c carbonrun -n __carbonrun_in_options -l no-geoip -d 'Undo --geoip of a file or the environment'
complete -c carbonrun -n __carbonrun_in_options -l geoip-url -x -d 'The service that --geoip asks instead; it replies with JSON that has country_code'
complete -c carbonrun -n __carbonrun_in_options -l pue -x -d 'Power usage effectiveness: what the building draws for each joule of the machine; \'region\' takes what the provider publishes for this cloud region'
complete -c carbonrun -n __carbonrun_in_options -l embodied -d 'Also estimate the run\'s part of what making the machine emitted'
complete -c carbonrun -n __carbonrun_in_options -l no-embodied -d 'Undo --embodied of a file or the environment'
complete -c carbonrun -n __carbonrun_in_options -l embodied-kg -x -d 'The same, with what making the whole machine emitted, as its maker says'
complete -c carbonrun -n __carbonrun_in_options -l embodied-years -x -d 'How long the machine is used'
complete -c carbonrun -n __carbonrun_in_options -l unit -x -d 'What the run has done, and how much of it, for grams per unit (software carbon intensity, ISO/IEC 21031, with embodied emissions)'
complete -c carbonrun -n __carbonrun_in_options -l price -x -d 'What a kWh costs, with the three letters of its currency'
complete -c carbonrun -n __carbonrun_in_options -l water -d 'Estimate the water for cooling and in power plants'
complete -c carbonrun -n __carbonrun_in_options -l no-water -d 'Undo --water of a file or the environment'
complete -c carbonrun -n __carbonrun_in_options -l wue -x -d 'The water that the site uses for each kWh of its machines'
complete -c carbonrun -n __carbonrun_in_options -l ewif -x -d 'The water that the grid\'s power plants use for each kWh'
complete -c carbonrun -n __carbonrun_in_options -l equivalences -d 'Show beside the grams what they are as much as: metres by car, and the like'
complete -c carbonrun -n __carbonrun_in_options -l no-equivalences -d 'Undo --equivalences of a file or the environment'
complete -c carbonrun -n __carbonrun_in_options -l max-delay -x -d 'Start within this time, in the hours that the forecast of the provider calls lowest in intensity'
complete -c carbonrun -n __carbonrun_in_options -l start-by -x -d 'The same, at this time at the latest: 22:00, 2026-11-30T22:00, with Z or +01:00 if it is not local, +8h'
complete -c carbonrun -n __carbonrun_in_options -l deadline -x -d 'The same, early enough to have ended at this time'
complete -c carbonrun -n __carbonrun_in_options -l duration -x -d 'How long the command will take, to choose its hours'
complete -c carbonrun -n __carbonrun_in_options -l min-saving -x -d 'Wait only if the intensity is lower than at once by so much'
complete -c carbonrun -n __carbonrun_in_options -l plan-with -x -a 'electricitymaps neso energinet energy-charts rte green-grid-compass carbon-aware-sdk http-json file watttime' -d 'Whose forecast decides; \'watttime\' tells marginal intensity, which is for this only'
complete -c carbonrun -n __carbonrun_in_options -l hand-over -x -a 'at systemd-run sbatch' -d 'Give the command to this program, to be started then, instead of waiting'
complete -c carbonrun -n __carbonrun_in_options -l dry-run -d 'Show when it would start, and start nothing'
complete -c carbonrun -n __carbonrun_in_options -l no-dry-run -d 'Undo --dry-run of a file or the environment'
complete -c carbonrun -n __carbonrun_in_options -l delay -d 'Heed the options that delay the start; --no-delay starts at once'
complete -c carbonrun -n __carbonrun_in_options -l no-delay -d 'Undo --delay of a file or the environment'
complete -c carbonrun -n __carbonrun_in_options -l max-energy -x -d 'What the command may use at the most, with a unit: 500J, 10Wh, 0.2kWh'
complete -c carbonrun -n __carbonrun_in_options -l max-co2e -x -d 'What it may emit at the most, with a unit: 200mg, 5g, 1.5kg'
complete -c carbonrun -n __carbonrun_in_options -l on-exceed -x -a 'warn fail stop' -d 'What happens at more than that: a warning; also exit status 122 if the command itself succeeds; or the command is stopped as well (TERM, KILL ten seconds later)'
complete -c carbonrun -n __carbonrun_in_options -l interval -x -d 'The longest time between two readings'
complete -c carbonrun -n __carbonrun_in_options -l cgroup -d 'Start the command in a control group of its own: exact memory, I/O and CPU time'
complete -c carbonrun -n __carbonrun_in_options -l no-cgroup -d 'Undo --cgroup of a file or the environment'
complete -c carbonrun -n __carbonrun_in_options -l wait-tree -d 'Go on measuring until every descendant of the command has ended'
complete -c carbonrun -n __carbonrun_in_options -l no-wait-tree -d 'Undo --wait-tree of a file or the environment'
complete -c carbonrun -n __carbonrun_in_options -l board -d 'Also read the power meters of the whole machine, as cross-checks: battery, ACPI, IPMI (with ipmitool)'
complete -c carbonrun -n __carbonrun_in_options -l no-board -d 'Undo --board of a file or the environment'
complete -c carbonrun -n __carbonrun_in_options -l redfish-url -x -d 'Ask the machine\'s controller for its power, too; CARBONRUN_REDFISH_USER and CARBONRUN_REDFISH_PASSWORD are the credentials'
complete -c carbonrun -n __carbonrun_in_options -l idle-watts -x -d 'What a device draws when idle (package, dram, a GPU\'s UUID), instead of the calibrated figure'
complete -c carbonrun -n __carbonrun_in_options -l estimate-disk-network -d 'Add rough estimates of disk and network energy, from the bytes moved'
complete -c carbonrun -n __carbonrun_in_options -l no-estimate-disk-network -d 'Undo --estimate-disk-network of a file or the environment'
complete -c carbonrun -n __carbonrun_in_options -l cloud-metadata -d 'Ask the cloud\'s metadata service (a link-local address) for the region, and for the instance type where the firmware does not tell it'
complete -c carbonrun -n __carbonrun_in_options -l no-cloud-metadata -d 'Undo --cloud-metadata of a file or the environment'
complete -c carbonrun -n __carbonrun_in_options -l sysfs -x -a '(__fish_complete_directories)' -d 'Where the kernel\'s sysfs is mounted (containers)'
complete -c carbonrun -n __carbonrun_in_options -l procfs -x -a '(__fish_complete_directories)' -d 'Where the kernel\'s procfs is mounted (containers)'
complete -c carbonrun -n __carbonrun_in_options -l config -r -F -d 'Read this configuration file and no other; /dev/null reads none'
complete -c carbonrun -n __carbonrun_in_options -l profile -x -d 'Use the settings of [profiles.NAME] in the configuration files'
complete -c carbonrun -n __carbonrun_in_options -l state-dir -x -a '(__fish_complete_directories)' -d 'Where journal, calibration and runs.csv are kept'
complete -c carbonrun -n __carbonrun_in_options -l version -d 'Show the version and leave'
complete -c carbonrun -n __carbonrun_in_options -l help -d 'Show this help and leave'
