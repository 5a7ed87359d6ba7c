"""What an option of a run is: its kind, its names, its range, its place in the documents.

Not responsible for: which options there are (:mod:`carbonrun.options`).
"""

from __future__ import annotations

from carbonrun.record import Record

TEXT = "text"
CHOICE = "choice"
NUMBER = "number"
FLAG = "flag"
PATH = "path"  # a file or directory that is read, or a directory that is kept
OUTPUT = "output"  # a file that is written; the word NONE turns it off
TAGS = "tags"  # KEY=VALUE, collected over all levels
QUANTITY = "quantity"  # a number with its unit, for example 10Wh
DURATION = "duration"  # a time with its unit, for example 2h
FACTOR = "factor"  # a number, or the word REGION
PRICE = "price"  # of a kWh, with a currency
MOMENT = "moment"  # a time of day, a date with a time, or a delay
WATTS = "watts"  # NAME=NUMBER, collected over all levels
PATTERNS = "patterns"  # regular expressions, collected over all levels
ACTION = "action"  # does something instead of running a command

COLLECTED = (TAGS, WATTS, PATTERNS)
NONE = "none"
REGION = "region"
TRUE = "true"
FALSE = "false"

OUTPUTS = "Output"
LABELS = "Labels"
EMISSIONS = "Emissions"
ACCOUNTS = "More than grams"
LATER = "Later start"
BUDGETS = "Budgets"
MEASUREMENT = "Measurement"
CONFIGURATION = "Configuration"
OTHER = "Other"
SECTIONS = (OUTPUTS, LABELS, EMISSIONS, ACCOUNTS, LATER, BUDGETS, MEASUREMENT, CONFIGURATION, OTHER)


class Option(Record):
    """One option of a run.

    Attributes:
        key: its name in configuration files, and in the result of the argument parser.
        kind: how its texts are converted; one of the constants of this module.
        section: the heading that it stands under in the documents.
        help: one or two sentences.
        flags: names on the command line that are followed by a value.
        switches: names on the command line without a value, each with the text it stands for.
        metavar: what the value is called in the documents.
        default: the typed value if nothing is given; None is "not set".
        default_text: what is shown for a default that is no fixed value.
        environment: the environment variable, or None.
        separator: what separates several values in the environment variable.
        unit: of a number, for messages; of a quantity, J or g.
        minimum, maximum: the range of a number, both included and finite.
        choices: the words that are allowed.
        former: words that were once asked for, each with what to do instead.
        config: whether it may be set in a configuration file.
        personal: whether only the user's own file may set it, not that of a project: a project
            that was fetched from somewhere must not choose who is sent what.
        example: a value as one would type it, for the documents.
    """

    key: str
    kind: str
    section: str
    help: str
    flags: tuple[str, ...] = ()
    switches: tuple[tuple[str, str], ...] = ()
    metavar: str | None = None
    default: object = None
    default_text: str | None = None
    environment: str | None = None
    separator: str | None = None
    unit: str = ""
    minimum: float = 0
    maximum: float = 0
    choices: tuple[str, ...] = ()
    former: tuple[tuple[str, str], ...] = ()
    config: bool = True
    personal: bool = False
    example: str | None = None

    @property
    def is_collected(self) -> bool:
        """Tell whether the option may be repeated, and adds to what lower levels have set."""
        return self.kind in COLLECTED
