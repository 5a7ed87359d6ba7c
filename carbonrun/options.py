"""The one table of the options of a run.

Responsible for: names, kinds, ranges, defaults, environment variables and help of every option. The
argument parser, the settings, ``--help``, the man page, the example configuration, the table in the
README and the shell completions are all made from it.
Not responsible for: parsing (:mod:`carbonrun.arguments`) and conversion (:mod:`carbonrun.values`).
"""

from __future__ import annotations

from carbonrun.option import (
    ACCOUNTS,
    ACTION,
    BUDGETS,
    CHOICE,
    CONFIGURATION,
    DURATION,
    EMISSIONS,
    FACTOR,
    FALSE,
    FLAG,
    LABELS,
    LATER,
    MEASUREMENT,
    MOMENT,
    NONE,
    NUMBER,
    OTHER,
    OUTPUT,
    OUTPUTS,
    PATH,
    PATTERNS,
    PRICE,
    QUANTITY,
    TAGS,
    TEXT,
    TRUE,
    WATTS,
    Option,
)

# Reserved for subcommands; a command of such a name is run after "--".
SUBCOMMANDS = (
    "compare", "monitor", "attach", "mark", "doctor", "calibrate", "intensity",
    "report", "history", "dashboard", "serve", "sync", "config",
)  # fmt: skip


# A test holds them equal to the table of services, which the fast path does not need.
PROVIDERS = (
    "bundled", "electricitymaps", "neso", "energinet", "energy-charts", "rte",
    "green-grid-compass", "carbon-aware-sdk", "http-json", "file",
)  # fmt: skip
# What CO2 Signal's users are told; it answers no more.
CO2_SIGNAL_HINT = (
    "CO2 Signal is part of Electricity Maps now: set CARBONRUN_ELECTRICITYMAPS_KEY to a key of its "
    "and --provider electricitymaps"
)
# Whose forecast may decide when to start; one of them is for that only.
FORECASTERS = (*PROVIDERS[1:], "watttime")
HAND_OVERS = ("at", "systemd-run", "sbatch")

OPTIONS: tuple[Option, ...] = (
    Option(
        key="csv", kind=OUTPUT, section=OUTPUTS,
        flags=("--csv",), switches=(("--no-csv", NONE),), metavar="PATH",
        environment="CARBONRUN_CSV", default_text="runs.csv in the state directory",
        example="energy.csv",
        help="Append one row a run to this file. 'none' writes no CSV.",
    ),
    Option(
        key="json", kind=OUTPUT, section=OUTPUTS,
        flags=("--json",), metavar="PATH", environment="CARBONRUN_JSON", example="report.json",
        help="Write the whole report to this file; '-' is standard error, 'none' is off.",
    ),
    Option(
        key="summary", kind=CHOICE, section=OUTPUTS,
        flags=("--summary",), switches=(("-q", NONE),), choices=("full", "line", NONE),
        default="full", environment="CARBONRUN_SUMMARY",
        help="What goes to standard error after the run; -q is --summary none.",
    ),
    Option(
        key="top", kind=NUMBER, section=OUTPUTS,
        flags=("--top",), metavar="N", minimum=0, maximum=1000, default=0,
        environment="CARBONRUN_TOP", example="10",
        help="Name the N programs that cost the most, below those that called them; 0 is off. "
        "Slows down a loop of short commands by 2 %.",
    ),
    Option(
        key="flame", kind=OUTPUT, section=OUTPUTS,
        flags=("--flame",), metavar="PATH", environment="CARBONRUN_FLAME", example="flame.svg",
        help="Write which program called which and the joules of each: a flame graph if the name "
        "ends in .svg, for speedscope in .json, collapsed stacks in .txt.",
    ),
    Option(
        key="metrics", kind=OUTPUT, section=OUTPUTS,
        flags=("--metrics",), metavar="PATH", environment="CARBONRUN_METRICS", example="m.txt",
        help="Put the figures into this file in the OpenMetrics format, under the name of the run: "
        "a metrics report for GitLab.",
    ),
    Option(
        key="junit", kind=OUTPUT, section=OUTPUTS,
        flags=("--junit",), metavar="PATH", environment="CARBONRUN_JUNIT", example="energy.xml",
        help="Write the run as a JUnit test case with its figures as properties.",
    ),
    Option(
        key="ci", kind=CHOICE, section=OUTPUTS,
        flags=("--ci",), choices=("auto", NONE), default="auto", environment="CARBONRUN_CI",
        help="In GitHub Actions, GitLab, Jenkins, Azure Pipelines and Buildkite: tag the run with "
        "commit, branch and job, and add a row to the step's summary of GitHub.",
    ),
    Option(
        key="live", kind=FLAG, section=OUTPUTS,
        switches=(("--live", TRUE), ("--no-live", FALSE)), default=False,
        environment="CARBONRUN_LIVE",
        help="Show power and energy at the bottom of the terminal while the command runs. Not for "
        "commands that take the whole screen.",
    ),
    Option(
        key="mask", kind=PATTERNS, section=OUTPUTS,
        flags=("--mask",), metavar="REGEX", default=(), environment="CARBONRUN_MASK",
        separator="\n", example="key-[0-9a-f]+",
        help="Further secrets to mask in recorded arguments: a regular expression of Python's. "
        "May be repeated.",
    ),
    Option(
        key="name", kind=TEXT, section=LABELS,
        flags=("--name",), metavar="TEXT", environment="CARBONRUN_NAME", example="nightly",
        help="A name for the run.",
    ),
    Option(
        key="project", kind=TEXT, section=LABELS,
        flags=("--project",), metavar="TEXT", environment="CARBONRUN_PROJECT", example="search",
        help="The project that the run belongs to.",
    ),
    Option(
        key="tag", kind=TAGS, section=LABELS,
        flags=("--tag",), metavar="KEY=VALUE", default={}, environment="CARBONRUN_TAG",
        separator=",", example="team=vision",
        help="A label of your own. May be repeated.",
    ),
    Option(
        key="scope", kind=CHOICE, section=EMISSIONS,
        flags=("--scope",), choices=("tree", "machine"), default="tree",
        environment="CARBONRUN_SCOPE",
        help="Bill the command's share of the machine, or the whole machine.",
    ),
    Option(
        key="zone", kind=TEXT, section=EMISSIONS,
        flags=("--zone",), metavar="ZONE", environment="CARBONRUN_ZONE", example="FR",
        default_text="from the cloud region or the time zone",
        help="The grid zone whose electricity is used: FR, US-CA, GB-13, aws:eu-west-3.",
    ),
    Option(
        key="intensity", kind=NUMBER, section=EMISSIONS,
        flags=("--intensity",), metavar="G_PER_KWH", unit="g/kWh", minimum=0, maximum=10_000,
        environment="CARBONRUN_INTENSITY", example="56",
        help="A constant carbon intensity in g CO2e/kWh instead of a look-up.",
    ),
    Option(
        key="provider", kind=CHOICE, section=EMISSIONS,
        flags=("--provider",), metavar="NAME", choices=PROVIDERS, default="bundled",
        environment="CARBONRUN_PROVIDER",
        former=(("co2signal", CO2_SIGNAL_HINT), ("co2-signal", CO2_SIGNAL_HINT)),
        help="Where the carbon intensity comes from. 'bundled' are yearly averages; all others are "
        "asked over the network: see carbonrun intensity sources.",
    ),
    Option(
        key="intensity-url", kind=TEXT, section=EMISSIONS, personal=True,
        flags=("--intensity-url",), metavar="URL", environment="CARBONRUN_INTENSITY_URL",
        example="https://intensity.example/{zone}.json",
        help="Where the provider is, if it has no address of its own or is to be asked elsewhere; "
        "a path for the provider 'file'.",
    ),
    Option(
        key="offline", kind=FLAG, section=EMISSIONS,
        switches=(("--offline", TRUE), ("--no-offline", FALSE)), default=False,
        environment="CARBONRUN_OFFLINE",
        help="Never touch the network.",
    ),
    Option(
        key="geoip", kind=FLAG, section=EMISSIONS, personal=True,
        switches=(("--geoip", TRUE), ("--no-geoip", FALSE)), default=False,
        environment="CARBONRUN_GEOIP",
        help="Ask a service on the internet (get.geojs.io) where this machine's address is, if "
        "nothing surer than the time zone tells the grid zone. Not with --offline.",
    ),
    Option(
        key="geoip-url", kind=TEXT, section=EMISSIONS, personal=True,
        flags=("--geoip-url",), metavar="URL", environment="CARBONRUN_GEOIP_URL",
        example="https://where.example/json",
        help="The service that --geoip asks instead; it replies with JSON that has country_code.",
    ),
    Option(
        key="pue", kind=FACTOR, section=EMISSIONS,
        flags=("--pue",), metavar="FACTOR", minimum=1, maximum=100, default=1.0,
        environment="CARBONRUN_PUE", example="1.3",
        help="Power usage effectiveness: what the building draws for each joule of the machine; "
        "'region' takes what the provider publishes for this cloud region.",
    ),
    Option(
        key="embodied", kind=FLAG, section=ACCOUNTS,
        switches=(("--embodied", TRUE), ("--no-embodied", FALSE)), default=False,
        environment="CARBONRUN_EMBODIED",
        help="Also estimate the run's part of what making the machine emitted.",
    ),
    Option(
        key="embodied-kg", kind=NUMBER, section=ACCOUNTS, unit="kg", minimum=0, maximum=1_000_000,
        flags=("--embodied-kg",), metavar="KG", environment="CARBONRUN_EMBODIED_KG", example="1200",
        default_text="by the machine's parts",
        help="The same, with what making the whole machine emitted, as its maker says.",
    ),
    Option(
        key="embodied-years", kind=NUMBER, section=ACCOUNTS, unit="years", minimum=0.1, maximum=100,
        flags=("--embodied-years",), metavar="YEARS", default=4.0, example="5",
        environment="CARBONRUN_EMBODIED_YEARS",
        help="How long the machine is used.",
    ),
    Option(
        key="unit", kind=WATTS, section=ACCOUNTS, minimum=1e-9, maximum=1e15, default={},
        flags=("--unit",), metavar="NAME=COUNT", environment="CARBONRUN_UNIT", separator=",",
        example="epoch=12",
        help="What the run has done, and how much of it, for grams per unit (software carbon "
        "intensity, ISO/IEC 21031, with embodied emissions). May be repeated.",
    ),
    Option(
        key="price", kind=PRICE, section=ACCOUNTS,
        flags=("--price",), metavar="PRICE", environment="CARBONRUN_PRICE", example="0.30EUR",
        help="What a kWh costs, with the three letters of its currency.",
    ),
    Option(
        key="water", kind=FLAG, section=ACCOUNTS,
        switches=(("--water", TRUE), ("--no-water", FALSE)), default=False,
        environment="CARBONRUN_WATER",
        help="Estimate the water for cooling and in power plants. Experimental.",
    ),
    Option(
        key="wue", kind=NUMBER, section=ACCOUNTS, unit="L/kWh", minimum=0, maximum=1000,
        flags=("--wue",), metavar="L_PER_KWH", environment="CARBONRUN_WUE", example="1.8",
        default_text="of the cloud region",
        help="The water that the site uses for each kWh of its machines.",
    ),
    Option(
        key="ewif", kind=NUMBER, section=ACCOUNTS, unit="L/kWh", minimum=0, maximum=1000,
        flags=("--ewif",), metavar="L_PER_KWH", environment="CARBONRUN_EWIF", example="3.1",
        help="The water that the grid's power plants use for each kWh.",
    ),
    Option(
        key="equivalences", kind=FLAG, section=ACCOUNTS,
        switches=(("--equivalences", TRUE), ("--no-equivalences", FALSE)), default=False,
        environment="CARBONRUN_EQUIVALENCES",
        help="Show beside the grams what they are as much as: metres by car, and the like.",
    ),
    Option(
        key="max-delay", kind=DURATION, section=LATER,
        flags=("--max-delay",), metavar="TIME", environment="CARBONRUN_MAX_DELAY", example="8h",
        help="Start within this time, in the hours that the forecast of the provider calls lowest "
        "in intensity.",
    ),
    Option(
        key="start-by", kind=MOMENT, section=LATER, config=False,
        flags=("--start-by",), metavar="WHEN", environment="CARBONRUN_START_BY", example="22:00",
        help="The same, at this time at the latest: 22:00, 2026-11-30T22:00, with Z or +01:00 if "
        "it is not local, +8h.",
    ),
    Option(
        key="deadline", kind=MOMENT, section=LATER, config=False,
        flags=("--deadline",), metavar="WHEN", environment="CARBONRUN_DEADLINE", example="07:00",
        help="The same, early enough to have ended at this time.",
    ),
    Option(
        key="duration", kind=DURATION, section=LATER, config=False,
        flags=("--duration",), metavar="TIME", environment="CARBONRUN_DURATION", example="90m",
        default_text="what 4 of 5 earlier runs of the command did not exceed",
        help="How long the command will take, to choose its hours.",
    ),
    Option(
        key="min-saving", kind=NUMBER, section=LATER, unit="%", minimum=0, maximum=100,
        flags=("--min-saving",), metavar="PERCENT", default=5.0,
        environment="CARBONRUN_MIN_SAVING", example="10",
        help="Wait only if the intensity is lower than at once by so much.",
    ),
    Option(
        key="plan-with", kind=CHOICE, section=LATER,
        flags=("--plan-with",), metavar="NAME", choices=FORECASTERS,
        environment="CARBONRUN_PLAN_WITH", default_text="that of --provider",
        help="Whose forecast decides; 'watttime' tells marginal intensity, which is for this only.",
    ),
    Option(
        key="hand-over", kind=CHOICE, section=LATER, config=False,
        flags=("--hand-over",), choices=HAND_OVERS, environment="CARBONRUN_HAND_OVER",
        help="Give the command to this program, to be started then, instead of waiting.",
    ),
    Option(
        key="dry-run", kind=FLAG, section=LATER, config=False,
        switches=(("--dry-run", TRUE), ("--no-dry-run", FALSE)), default=False,
        environment="CARBONRUN_DRY_RUN",
        help="Show when it would start, and start nothing.",
    ),
    Option(
        key="delay", kind=FLAG, section=LATER,
        switches=(("--delay", TRUE), ("--no-delay", FALSE)), default=True,
        environment="CARBONRUN_DELAY",
        help="Heed the options that delay the start; --no-delay starts at once.",
    ),
    Option(
        key="max-energy", kind=QUANTITY, section=BUDGETS, unit="J",
        flags=("--max-energy",), metavar="ENERGY", environment="CARBONRUN_MAX_ENERGY",
        example="10Wh",
        help="What the command may use at the most, with a unit: 500J, 10Wh, 0.2kWh.",
    ),
    Option(
        key="max-co2e", kind=QUANTITY, section=BUDGETS, unit="g",
        flags=("--max-co2e",), metavar="MASS", environment="CARBONRUN_MAX_CO2E", example="5g",
        help="What it may emit at the most, with a unit: 200mg, 5g, 1.5kg.",
    ),
    Option(
        key="on-exceed", kind=CHOICE, section=BUDGETS,
        flags=("--on-exceed",), choices=("warn", "fail", "stop"), default="warn",
        environment="CARBONRUN_ON_EXCEED",
        help="What happens at more than that: a warning; also exit status 122 if the command "
        "itself succeeds; or the command is stopped as well (TERM, KILL ten seconds later).",
    ),
    Option(
        key="interval", kind=NUMBER, section=MEASUREMENT,
        flags=("--interval",), metavar="SECONDS", unit="seconds", minimum=0.01, maximum=60,
        default=1.0, environment="CARBONRUN_INTERVAL", example="0.5",
        help="The longest time between two readings.",
    ),
    Option(
        key="cgroup", kind=FLAG, section=MEASUREMENT,
        switches=(("--cgroup", TRUE), ("--no-cgroup", FALSE)), default=False,
        environment="CARBONRUN_CGROUP",
        help="Start the command in a control group of its own: exact memory, I/O and CPU time.",
    ),
    Option(
        key="wait-tree", kind=FLAG, section=MEASUREMENT,
        switches=(("--wait-tree", TRUE), ("--no-wait-tree", FALSE)), default=False,
        environment="CARBONRUN_WAIT_TREE",
        help="Go on measuring until every descendant of the command has ended.",
    ),
    Option(
        key="board", kind=FLAG, section=MEASUREMENT,
        switches=(("--board", TRUE), ("--no-board", FALSE)), default=False,
        environment="CARBONRUN_BOARD",
        help="Also read the power meters of the whole machine, as cross-checks: battery, ACPI, "
        "IPMI (with ipmitool).",
    ),
    Option(
        key="redfish-url", kind=TEXT, section=MEASUREMENT,
        flags=("--redfish-url",), metavar="URL", environment="CARBONRUN_REDFISH_URL",
        example="https://bmc.example",
        help="Ask the machine's controller for its power, too; CARBONRUN_REDFISH_USER and "
        "CARBONRUN_REDFISH_PASSWORD are the credentials.",
    ),
    Option(
        key="idle-watts", kind=WATTS, section=MEASUREMENT,
        flags=("--idle-watts",), metavar="DEVICE=WATTS", default={}, unit="W",
        minimum=0, maximum=100_000, environment="CARBONRUN_IDLE_WATTS", separator=",",
        example="package=12.5",
        help="What a device draws when idle (package, dram, a GPU's UUID), instead of the "
        "calibrated figure. May be repeated.",
    ),
    Option(
        key="estimate-disk-network", kind=FLAG, section=MEASUREMENT,
        switches=(("--estimate-disk-network", TRUE), ("--no-estimate-disk-network", FALSE)),
        default=False, environment="CARBONRUN_ESTIMATE_DISK_NETWORK",
        help="Add rough estimates of disk and network energy, from the bytes moved.",
    ),
    Option(
        key="cloud-metadata", kind=FLAG, section=MEASUREMENT,
        switches=(("--cloud-metadata", TRUE), ("--no-cloud-metadata", FALSE)), default=False,
        environment="CARBONRUN_CLOUD_METADATA",
        help="Ask the cloud's metadata service (a link-local address) for the region, and for the "
        "instance type where the firmware does not tell it. Not with --offline.",
    ),
    Option(
        key="sysfs", kind=PATH, section=MEASUREMENT,
        flags=("--sysfs",), metavar="DIR", default="/sys", environment="CARBONRUN_SYSFS",
        help="Where the kernel's sysfs is mounted (containers).",
    ),
    Option(
        key="procfs", kind=PATH, section=MEASUREMENT,
        flags=("--procfs",), metavar="DIR", default="/proc", environment="CARBONRUN_PROCFS",
        help="Where the kernel's procfs is mounted (containers).",
    ),
    Option(
        key="config", kind=PATH, section=CONFIGURATION, config=False,
        flags=("--config",), metavar="PATH", environment="CARBONRUN_CONFIG",
        default_text="the files that are found", example="ci.toml",
        help="Read this configuration file and no other; /dev/null reads none.",
    ),
    Option(
        key="profile", kind=TEXT, section=CONFIGURATION,
        flags=("--profile",), metavar="NAME", environment="CARBONRUN_PROFILE", example="ci",
        help="Use the settings of [profiles.NAME] in the configuration files.",
    ),
    Option(
        key="state-dir", kind=PATH, section=CONFIGURATION,
        flags=("--state-dir",), metavar="DIR", environment="CARBONRUN_STATE_DIR",
        default_text="carbonrun in $XDG_STATE_HOME or ~/.local/state",
        help="Where journal, calibration and runs.csv are kept.",
    ),
    Option(
        key="version", kind=ACTION, section=OTHER, config=False,
        switches=(("--version", TRUE),), help="Show the version and leave.",
    ),
    Option(
        key="help", kind=ACTION, section=OTHER, config=False,
        switches=(("--help", TRUE),), help="Show this help and leave.",
    ),
)  # fmt: skip

# What means nothing where no command is started, or its start is what is measured.
OF_LATER_STARTS = tuple(option.key for option in OPTIONS if option.section == LATER)
# What is about one run, not about which of several uses less.
OF_ACCOUNTS = tuple(option.key for option in OPTIONS if option.section == ACCOUNTS)
