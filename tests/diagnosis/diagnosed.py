"""What is diagnosed of the sample's scenarios and of what differs from them a little, for the tests of causes."""

from dataclasses import replace

from observed import configuration_of, seen_of
from results import METRICS
from series import metrics_of

from async_lab.diagnosis import diagnose
from async_lab.observation.configuration import Reservation

DEFAULTS = configuration_of()
ONE_AT_A_TIME = configuration_of(ReservedConcurrentExecutions=1)
NO_RESERVATION = replace(ONE_AT_A_TIME, reservation=Reservation(None))
SHORT_LIVED = configuration_of(ReservedConcurrentExecutions=1, MaximumEventAgeInSeconds=60)
STOPPED = configuration_of(ReservedConcurrentExecutions=0, MaximumEventAgeInSeconds=60)
BASELINE, SCENARIO_1, SCENARIO_2, SCENARIO_3, SCENARIO_4 = (
    METRICS[name] for name in ("baseline", "scenario-1", "scenario-2", "scenario-3", "scenario-4")
)


def but(metrics, **minutes):
    """The same metrics, but for some."""
    return {**metrics, **{name: metrics_of(**minutes)[name] for name in minutes}}


def codes(metrics, configuration=DEFAULTS, sent=None, **fields):
    return [finding.code for finding in diagnose(seen_of(metrics, configuration, sent=sent, **fields))]


def strongest(metrics, configuration=DEFAULTS, sent=None, **fields):
    return diagnose(seen_of(metrics, configuration, sent=sent, **fields))[0]
