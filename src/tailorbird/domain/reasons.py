"""Why a decision is what it is: a closed list. The first six words are OpenFeature's."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The reason on every decision."""

    #: a rule matched and holds exactly one experience with a share
    TARGETING_MATCH = "TARGETING_MATCH"
    #: a rule matched and the experience was drawn among several
    SPLIT = "SPLIT"
    #: the campaign does not run now (draft, paused, archived, outside its schedule, testing for others)
    DISABLED = "DISABLED"
    #: the campaign runs, no rule matched
    DEFAULT = "DEFAULT"
    #: the campaign's definition broke while it was evaluated; the others are unaffected
    ERROR = "ERROR"
    #: drawn into the control group: show what everybody sees
    CONTROL = "CONTROL"
    #: a rule matched, its display cap is used up
    CAPPED = "CAPPED"
    #: another campaign of the same exclusion set holds this visitor
    EXCLUDED = "EXCLUDED"
    #: an experience was chosen, its content could not be rendered without missing values
    WITHHELD = "WITHHELD"
    #: the store is away and the campaign needs what only the store knows
    DEGRADED = "DEGRADED"
    #: no campaign or group of that name
    UNKNOWN = "UNKNOWN"


class Group(StrEnum):
    """Which side of the comparison a visitor is on."""

    TEST = "test"
    CONTROL = "control"


#: The arm of control visitors, where an experience id stands for the others.
CONTROL_ARM = "control"
