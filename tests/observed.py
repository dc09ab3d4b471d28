"""What was seen of a function, for the tests of what is concluded from it."""

from series import FIRST_MINUTE, metrics_of

from async_lab.observation.configuration import (
    AccountConcurrency,
    AsyncSettings,
    Configuration,
    FunctionSettings,
    Reservation,
)
from async_lab.observation.observations import Observations

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:async-lab"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:failed"


def configuration_of(
    *,
    Timeout=100,  # noqa: N803 - AWS's names
    MemorySize=128,  # noqa: N803
    ReservedConcurrentExecutions=None,  # noqa: N803
    MaximumEventAgeInSeconds=21600,  # noqa: N803
    MaximumRetryAttempts=2,  # noqa: N803
    dead_letter=None,
    **settings,
):
    """Return a configuration that was read whole, with one event-invoke config, of ``$LATEST``."""
    written = AsyncSettings("$LATEST", MaximumEventAgeInSeconds, MaximumRetryAttempts, **settings)
    return Configuration(
        function_name="async-lab",
        function=FunctionSettings(
            ARN,
            Timeout,
            MemorySize,
            "python3.13",
            "arn:aws:iam::123456789012:role/r",
            "2023-01-03T08:00:00.000+0000",
            dead_letter,
        ),
        reservation=Reservation(ReservedConcurrentExecutions),
        written=(written,),
        aliases={},
        account=AccountConcurrency(1000, 1000 - (ReservedConcurrentExecutions or 0)),
    )


def seen_of(metrics=None, configuration=None, *, minutes=4, **fields):
    """Return what was seen in some minutes, by default of a function without any settings and without events."""
    return Observations(
        start=fields.pop("start", FIRST_MINUTE + 45.0),
        end=FIRST_MINUTE + 60.0 * minutes,
        metrics=metrics_of() if metrics is None else metrics,
        configuration=configuration or configuration_of(),
        **fields,
    )
