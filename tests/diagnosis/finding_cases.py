"""What was seen, for each kind of finding and risk: ``python -m tools.finding_texts`` writes what is said of it."""

from dataclasses import replace

from diagnosed import but
from observed import QUEUE, configuration_of, seen_of
from results import METRICS
from series import FIRST_MINUTE, metrics_of

from async_lab.observation.alarms import StandingAlarm
from async_lab.observation.configuration import AsyncSettings, Kind
from async_lab.observation.failed_requests import FailedRequest
from async_lab.observation.failure_targets import FailureTarget
from async_lab.observation.history import Change
from async_lab.observation.triggers import Trigger

TOPIC = "arn:aws:sns:eu-west-1:123456789012:failed-events"
BASELINE, ERRORS, LATE, EXPIRED, ZERO = (
    METRICS[name] for name in ("baseline", "scenario-1", "scenario-2", "scenario-3", "scenario-4")
)

IDLE = metrics_of()


def of(**settings):
    """Return a configuration that keeps failed events, so that only what is meant is found."""
    return configuration_of(**{"on_failure": QUEUE} | settings)


def unseen(configuration, *parts):
    return replace(configuration, **dict.fromkeys(parts))


def mixed(configuration, **settings):
    """Return a configuration with another event-invoke config, of ``live``."""
    return replace(configuration, written=(*configuration.written, AsyncSettings("live", on_failure=QUEUE, **settings)))


def of_kind(configuration, kind):
    return replace(configuration, function=replace(configuration.function, kind=kind))


def queue(name, **seen):
    return FailureTarget(f"arn:aws:sqs:eu-west-1:123456789012:{name}", is_dead_letter=True, exists=True, **seen)


def changed(minutes, action, **values):
    """Return a change so many minutes after the first that was seen, or before it."""
    return Change(FIRST_MINUTE + 60.0 * minutes, action, "arn:aws:iam::123456789012:user/alice", tuple(values.items()))


def failed(request_id, line):
    return FailedRequest(request_id, FIRST_MINUTE + 1.0, line, failures=1)


KILLED = "RequestId: a Error: Runtime exited with error: signal: killed"
AN_HOUR_BEFORE = FIRST_MINUTE - 3_600.0
BOTH = {"$LATEST": 1.0, "live": 1.0}
SHORT = {"MaximumEventAgeInSeconds": 60}
ONE = {"ReservedConcurrentExecutions": 1}
ONCE = metrics_of(
    AsyncEventsReceived=[[1]], AsyncEventsDropped=[[1]], AsyncEventAge=[[35]], Invocations=[[1]], Errors=[[1]]
)
"""One event, which failed once and was dropped."""
LOOPED = metrics_of(AsyncEventsReceived=[[1] * 16], AsyncEventAge=[[35] * 16], Invocations=[[1] * 16])
HALF_IN_USE = {FIRST_MINUTE + 60 * minute: 500.0 for minute in range(6)}
MORE_CALLS = {"Invocations": [[1] * 4], "Errors": [[1] * 4], "Duration": [[2] * 4]}
"""Three synchronous calls more than events, all of which fail."""

CASES = {
    # arrival
    "nothing was sent": seen_of(metrics_of(), of()),
    "nothing was sent, and others called": seen_of(metrics_of(Invocations=[[1, 1]], Duration=[[5, 5]]), of()),
    "nothing was sent, and another called": seen_of(metrics_of(Invocations=[[1]], Duration=[[5]]), of()),
    "an event of before was tried": seen_of(metrics_of(AsyncEventAge=[[35]], Invocations=[[1]]), of()),
    "all is well": seen_of(BASELINE, of(), sent=1),
    "all is well with several events": seen_of(
        but(BASELINE, AsyncEventsReceived=[[1, 1]], AsyncEventAge=[[35, 40]], Invocations=[[1, 1]]), of()
    ),
    "fewer arrived than were sent": seen_of(BASELINE, of(), sent=1_200),
    "fewer arrived than were surely sent": seen_of(metrics_of(), of(), sent=3, unsure=2),
    "the only event did not arrive": seen_of(metrics_of(), of(), sent=1),
    "more arrived than were sent": seen_of(
        but(BASELINE, AsyncEventsReceived=[[1] * 90], AsyncEventAge=[[35] * 90], Invocations=[[1] * 90]), of(), sent=1
    ),
    "what stands is not what was wished": seen_of(
        BASELINE,
        of(Timeout=3),
        wished={
            "ReservedConcurrentExecutions": 1,
            "MaximumRetryAttempts": 2,
            "MaximumEventAgeInSeconds": None,
            "Timeout": 100,
        },
    ),
    "a loop was stopped": seen_of(BASELINE, configuration_of(), recursions_stopped=2.0),
    "a loop was stopped, and no more arrived than were sent": seen_of(BASELINE, of(), sent=1, recursions_stopped=1.0),
    "a loop was stopped, which one event began": seen_of(LOOPED, of(), sent=1, recursions_stopped=1.0),
    "a loop was stopped, which several events began": seen_of(LOOPED, of(), sent=2, recursions_stopped=1.0),
    "a loop was stopped, which somebody else began": seen_of(LOOPED, of(), sent=0, recursions_stopped=1.0),
    # function errors
    "dropped after two retries": seen_of(ERRORS, configuration_of(), sent=1),
    "dropped after one retry": seen_of(
        but(
            ERRORS,
            Errors=[[1], [1]],
            Invocations=[[1], [1]],
            AsyncEventsDropped=[[], [1]],
            AsyncEventAge=[[35], [66_200]],
        ),
        of(MaximumRetryAttempts=1, dead_letter=QUEUE),
    ),
    "dropped without a retry": seen_of(ONCE, of(MaximumRetryAttempts=0)),
    "dropped after errors, and nothing else could be seen": seen_of(
        ERRORS, unseen(configuration_of(), "function", "reservation", "written", "aliases", "account")
    ),
    "dropped after errors, of a function that could not be seen": seen_of(ERRORS, unseen(of(), "function"), sent=1),
    "dropped after errors, told by a topic": seen_of(ERRORS, of(on_failure=TOPIC), sent=1),
    "dropped after errors, by settings that differ": seen_of(
        ERRORS, mixed(of(), maximum_event_age_seconds=300), received_by_qualifier=BOTH
    ),
    "dropped after errors, by retries that differ": seen_of(
        ERRORS, mixed(of(), maximum_retry_attempts=1), received_by_qualifier=BOTH
    ),
    "dropped after errors that ran into the timeout": seen_of(
        but(ERRORS, Duration=[[3000], [3000], [], [3000]]), of(Timeout=3)
    ),
    "dropped after errors, and other requests fail": seen_of(
        but(ERRORS, Invocations=[[1] * 4, [1], [], [1]], Errors=[[1] * 4, [1], [], [1]]), of()
    ),
    "dropped after errors, fewer than it takes": seen_of(but(ERRORS, AsyncEventsDropped=[[], [], [], [1] * 3]), of()),
    "dropped after errors and throttles": seen_of(but(ERRORS, Throttles=[[1, 1, 0], [], [], [0]]), of(**ONE)),
    "too old for both retries": seen_of(ONCE, of(**SHORT)),
    "too old for the retry": seen_of(but(ONCE, Duration=[[2_000]]), configuration_of(**SHORT, MaximumRetryAttempts=1)),
    "too old for the retry, after a timeout": seen_of(but(ONCE, Duration=[[3_000]]), of(**SHORT, Timeout=3)),
    "late after errors": seen_of(
        but(ERRORS, AsyncEventsDropped=[[], [], [], [0]], Errors=[[1], [1], [], [0]]), of(), sent=1
    ),
    "late after errors, by one retry": seen_of(
        metrics_of(
            AsyncEventsReceived=[[1]],
            AsyncEventAge=[[35], [66_200]],
            Invocations=[[1], [1]],
            Errors=[[1], [0]],
            Duration=[[100_000], [2]],
        ),
        of(MaximumRetryAttempts=1),
    ),
    "late after errors, by settings that could not be seen": seen_of(
        but(ERRORS, AsyncEventsDropped=[], Errors=[[1], [1], [], [0]]), unseen(of(), "written")
    ),
    "late after errors and throttles": seen_of(
        but(ERRORS, AsyncEventsDropped=[], Errors=[[1], [1], [], [0]], Throttles=[[1]]), of(**ONE)
    ),
    "late after errors, and other requests fail": seen_of(
        but(ERRORS, AsyncEventsDropped=[], Errors=[[1] * 4, [1], [], [0]], Invocations=[[1] * 4, [1], [], [1]]), of()
    ),
    "late after errors, and others call": seen_of(
        but(ERRORS, AsyncEventsDropped=[], Errors=[[1], [1], [], [0]], Invocations=[[1, 1], [1], [], [1]]), of()
    ),
    "late after an error by no more than its wait": seen_of(
        metrics_of(
            AsyncEventsReceived=[[1]],
            AsyncEventAge=[[35], [67_200]],
            Invocations=[[1], [1]],
            Errors=[[1], [0]],
            Duration=[[0], [0]],
        ),
        of(MaximumRetryAttempts=1),
    ),
    "late after an error by its shortest wait": seen_of(
        metrics_of(
            AsyncEventsReceived=[[1]],
            AsyncEventAge=[[35], [52_800]],
            Invocations=[[1], [1]],
            Errors=[[1], [0]],
            Duration=[[2], [2]],
        ),
        of(),
    ),
    "later than errors explain": seen_of(
        but(ERRORS, AsyncEventsDropped=[], Errors=[[1], [1], [], [0]], AsyncEventAge=[[35], [66_200], [], [400_000]]),
        of(),
    ),
    "failing": seen_of(but(BASELINE, Errors=[[1]]), of(), minutes=1),
    "failing, and never tried again": seen_of(but(BASELINE, Errors=[[1]]), of(MaximumRetryAttempts=0), minutes=1),
    "failing, or others are": seen_of(but(BASELINE, **MORE_CALLS), of(Timeout=1), minutes=1),
    "only other requests fail": seen_of(
        but(BASELINE, Invocations=[[1] * 4], Errors=[[0, 1, 1, 1]], Throttles=[[1, 1]]), of(), minutes=9
    ),
    # throttles
    "dropped at the reservation": seen_of(EXPIRED, of(**ONE, **SHORT), sent=2),
    "dropped at the reservation, nothing kept": seen_of(EXPIRED, configuration_of(**ONE, **SHORT), sent=2),
    "dropped at the account's limit": seen_of(EXPIRED, of(**SHORT), sent=2),
    "dropped at a limit that could not be seen": seen_of(
        EXPIRED, unseen(of(**SHORT), "reservation", "account", "written"), sent=2
    ),
    "dropped at the account's limit, which could not be seen": seen_of(EXPIRED, unseen(of(**SHORT), "account"), sent=2),
    "dropped at the reservation, by settings that differ": seen_of(
        EXPIRED, mixed(of(**ONE, **SHORT), maximum_event_age_seconds=300), received_by_qualifier=BOTH, sent=2
    ),
    "dropped at the reservation, and other requests are throttled": seen_of(
        but(EXPIRED, Throttles=[[1] * 8, [1, 1]]), of(**ONE, **SHORT), sent=2
    ),
    "dropped at the reservation or before": seen_of(
        but(EXPIRED, AsyncEventsDropped=[[0], [1, 1]]), of(**ONE, **SHORT), sent=2
    ),
    "dropped at the reservation and after errors": seen_of(
        but(EXPIRED, Errors=[[1]], AsyncEventsDropped=[[0], [1, 1]]), of(**ONE, **SHORT, MaximumRetryAttempts=0), sent=2
    ),
    "dropped at the reservation, if the throttles are of events": seen_of(
        metrics_of(
            AsyncEventsReceived=[[1, 1]],
            AsyncEventsDropped=[[], [1, 1]],
            AsyncEventAge=[[35, 60_000]],
            Invocations=[[1] * 30],
            Errors=[[1]],
            Throttles=[[1] * 6],
        ),
        of(**ONE, **SHORT),
    ),
    "late at the reservation": seen_of(LATE, of(**ONE), sent=2),
    "late at the reservation, not run yet": seen_of(
        but(LATE, AsyncEventsDropped=[], Invocations=[[1]], Duration=[[90_001]]), of(**ONE), sent=2
    ),
    "late at the reservation, no execution ended": seen_of(
        but(LATE, Duration=[], Invocations=[[1]]), of(**ONE), sent=2
    ),
    "late at the reservation, in a burst": seen_of(
        but(LATE, AsyncEventsReceived=[[1] * 4], Duration=[[30_000] * 4]), of(**ONE), sent=4
    ),
    "late at the reservation by no more than the waits": seen_of(
        but(LATE, AsyncEventAge=[[35, 35, 1_000, 3_000, 7_000, 16_800]], Throttles=[[1] * 4]), of(**ONE), sent=2
    ),
    "late at the reservation by a tenth of its age": seen_of(
        but(BASELINE, AsyncEventAge=[[35], [168_000]], Throttles=[[1] * 4], Invocations=[[1], [1]]), of(**ONE), sent=1
    ),
    "late at the account's limit": seen_of(LATE, of(), sent=2),
    "late in a burst while the account has room": seen_of(LATE, of(), sent=2, unreserved_by_minute=HALF_IN_USE),
    "dropped in a burst while the account has room": seen_of(
        EXPIRED, of(**SHORT), sent=2, unreserved_by_minute=HALF_IN_USE
    ),
    "late at a limit that could not be seen": seen_of(LATE, unseen(of(), "reservation"), sent=2),
    "late at the reservation and after errors": seen_of(but(LATE, Errors=[[1]]), of(**ONE), sent=2),
    "late at the reservation, and other requests are throttled": seen_of(
        but(LATE, Throttles=[[1] * 9, [1, 1], [1]]), of(**ONE), sent=2
    ),
    "late at a reservation that would be enough": seen_of(
        metrics_of(
            AsyncEventsReceived=[[1, 1]],
            AsyncEventAge=[[35, 35, 1_020, 3_100, 7_000]],
            Invocations=[[1, 1]],
            Throttles=[[1] * 3],
            Duration=[[1_500] * 2],
        ),
        of(**ONE),
    ),
    "throttled": seen_of(but(BASELINE, Throttles=[[1]], AsyncEventAge=[[35, 1_020]]), of(**ONE), sent=1),
    "throttled, or others are": seen_of(but(BASELINE, Throttles=[[1] * 4], AsyncEventAge=[[35, 1_020]]), of(), sent=1),
    "only other requests are throttled": seen_of(but(BASELINE, Throttles=[[1, 1]]), of(**ONE), minutes=9),
    # reserved concurrency 0
    "dropped at a reservation of 0": seen_of(ZERO, of(ReservedConcurrentExecutions=0), sent=1),
    "dropped at a reservation of 0 and before": seen_of(
        metrics_of(
            AsyncEventsReceived=[[1], [], [1]],
            AsyncEventsDropped=[[1], [], [1]],
            AsyncEventAge=[[35]],
            Invocations=[[1]],
            Errors=[[1]],
        ),
        of(ReservedConcurrentExecutions=0, MaximumRetryAttempts=0),
    ),
    "dropped untried, by a reservation that is gone": seen_of(ZERO, of(), sent=1),
    "dropped untried, by a reservation that could not be seen": seen_of(ZERO, unseen(of(), "reservation"), sent=1),
    "stopped, and nothing was sent": seen_of(metrics_of(), of(ReservedConcurrentExecutions=0), sent=0),
    # the queue
    "dropped from a backlog": seen_of(
        but(BASELINE, AsyncEventsDropped=[[1] * 3], AsyncEventsReceived=[[1] * 4]), of(), sent=4
    ),
    "dropped from a backlog in an hour": seen_of(
        but(BASELINE, AsyncEventsDropped=[[1]], AsyncEventsReceived=[[1] * 2]),
        configuration_of(MaximumEventAgeInSeconds=3600),
    ),
    "some dropped from a backlog": seen_of(but(EXPIRED, AsyncEventsDropped=[[0], [1] * 5]), of(**ONE, **SHORT), sent=2),
    "late in the queue": seen_of(
        but(BASELINE, AsyncEventAge=[[35], [44_000]], Invocations=[[1], [1]], AsyncEventsReceived=[[1, 1]]),
        of(),
        sent=2,
    ),
    "later in the queue than throttles explain": seen_of(
        but(BASELINE, AsyncEventAge=[[35, 1_000], [50_000]], Invocations=[[1], [1]], Throttles=[[1]]), of(), sent=1
    ),
    "a little later in the queue than throttles explain": seen_of(
        but(BASELINE, AsyncEventAge=[[35, 1_000, 3_000, 8_000]], Throttles=[[1] * 3]), of(), sent=1
    ),
    "slower, with ever fewer executions": seen_of(
        but(BASELINE, Duration=[[1_000] * 4, [2_000] * 2, [3_000]]), of(), sent=1
    ),
    "slower": seen_of(but(BASELINE, Duration=[[900], [2_500], [7_000]]), of(), sent=1),
    "one is queued": seen_of(but(BASELINE, AsyncEventsReceived=[[1, 1]]), of(), sent=2),
    "several are queued": seen_of(but(BASELINE, AsyncEventsReceived=[[1] * 17]), of(), sent=17),
    "at least several are queued": seen_of(
        but(BASELINE, AsyncEventsReceived=[[1] * 17], Invocations=[[1] * 3]), of(), sent=17
    ),
    # what becomes of failed events
    "a dead-letter queue refused events": seen_of(but(ERRORS, DeadLetterErrors=[[], [], [], [1]]), of(), sent=1),
    "a dead-letter queue and a destination refused events": seen_of(
        but(ERRORS, DeadLetterErrors=[[], [], [], [1]], DestinationDeliveryFailures=[[], [], [], [1]]), of(), sent=1
    ),
    "a dead-letter queue that is missing refused an event, and a destination took it": seen_of(
        but(ERRORS, DeadLetterErrors=[[], [], [], [1]]),
        of(dead_letter=QUEUE, on_failure=TOPIC),
        sent=1,
        failure_targets=(
            FailureTarget(QUEUE, is_dead_letter=True, exists=False),
            FailureTarget(TOPIC, is_dead_letter=False, qualifier="$LATEST", exists=True),
        ),
    ),
    "a dead-letter queue and a destination that are missing refused events": seen_of(
        but(ERRORS, DeadLetterErrors=[[], [], [], [1]], DestinationDeliveryFailures=[[], [], [], [1]]),
        of(dead_letter=QUEUE, on_failure=TOPIC),
        sent=1,
        failure_targets=(
            FailureTarget(QUEUE, is_dead_letter=True, exists=False),
            FailureTarget(TOPIC, is_dead_letter=False, qualifier="$LATEST", exists=False),
        ),
    ),
    "a destination refused events": seen_of(
        but(ERRORS, DestinationDeliveryFailures=[[], [], [], [1]]), of(on_success=QUEUE), sent=1
    ),
    "a destination refused records of successes": seen_of(
        but(BASELINE, DestinationDeliveryFailures=[[1]]), of(on_success=QUEUE), sent=1
    ),
    "a destination refused records of events that were dropped before": seen_of(
        but(BASELINE, DestinationDeliveryFailures=[[1]]), of(), sent=1
    ),
    # risks
    "nothing is kept": seen_of(IDLE, configuration_of()),
    "nothing is kept of one qualifier's events": seen_of(
        IDLE, mixed(configuration_of()), received_by_qualifier={"$LATEST": 2.0, "live": 1.0, "next": 1.0}
    ),
    "failure targets are missing": seen_of(
        IDLE,
        of(),
        failure_targets=(
            FailureTarget(QUEUE, is_dead_letter=True, exists=False),
            FailureTarget(TOPIC, is_dead_letter=False, qualifier="live", exists=False),
            FailureTarget(TOPIC, is_dead_letter=False, qualifier="$LATEST", exists=False),
            queue("there"),
        ),
    ),
    "a failure target is missing": seen_of(
        IDLE, of(), failure_targets=(FailureTarget(QUEUE, is_dead_letter=True, exists=False),)
    ),
    "nobody listens to the topic": seen_of(
        IDLE, of(), failure_targets=(FailureTarget(TOPIC, is_dead_letter=False, exists=True, subscriptions=0),)
    ),
    "nobody listens to the topics": seen_of(
        IDLE,
        of(),
        failure_targets=(
            FailureTarget(TOPIC, is_dead_letter=False, exists=True, subscriptions=0),
            FailureTarget(TOPIC.replace("failed", "dead"), is_dead_letter=True, exists=True, subscriptions=0),
            FailureTarget(TOPIC.replace("failed", "heard"), is_dead_letter=True, exists=True, subscriptions=2),
        ),
    ),
    "settings of an alias that nobody invokes": seen_of(
        IDLE,
        replace(of(dead_letter=QUEUE), written=(AsyncSettings("live", 60, 0),)),
        received_by_qualifier={"$LATEST": 1_000.0},
    ),
    "settings of aliases that nobody invokes": seen_of(
        IDLE,
        replace(of(dead_letter=QUEUE), written=(AsyncSettings("live", 60, 0), AsyncSettings("test", 60, 0))),
        received_by_qualifier={"$LATEST": 2.0, "next": 1.0},
    ),
    "no time for either retry": seen_of(IDLE, of(MaximumEventAgeInSeconds=60)),
    "no time for the second retry": seen_of(but(BASELINE, Duration=[[30_000]]), of(MaximumEventAgeInSeconds=180)),
    "no time for the only retry": seen_of(IDLE, of(MaximumEventAgeInSeconds=60, MaximumRetryAttempts=1)),
    "failed events wait": seen_of(
        IDLE,
        of(),
        failure_targets=(
            queue("failed", waiting=1, oldest_seconds=7_200.0),
            queue("dead", waiting=1_200),
            queue("empty", waiting=0, oldest_seconds=0.0),
        ),
    ),
    "no alarm at all": seen_of(IDLE, of(), alarms=()),
    "no alarm on dropped events": seen_of(
        IDLE, of(), alarms=(StandingAlarm("errors", "OK", ("Errors",), has_actions=True),)
    ),
    "an alarm that tells nobody": seen_of(
        IDLE, of(), alarms=(StandingAlarm("drops", "OK", ("AsyncEventsDropped",), has_actions=False),)
    ),
    "alarms that tell nobody": seen_of(
        IDLE,
        of(),
        alarms=(
            StandingAlarm("drops", "OK", ("AsyncEventsDropped", "AsyncEventsReceived"), has_actions=False),
            StandingAlarm("lost", "OK", ("AsyncEventsDropped",), has_actions=False),
        ),
    ),
    "triggers that keep nothing": seen_of(
        IDLE,
        of(),
        triggers=(Trigger(TOPIC, None), Trigger(QUEUE + "-too", None), Trigger(QUEUE, TOPIC)),
    ),
    "a trigger that keeps nothing": seen_of(IDLE, of(), triggers=(Trigger(TOPIC, None),)),
    "triggers that gave up": seen_of(
        IDLE,
        of(),
        triggers=(
            Trigger(TOPIC, QUEUE, waiting=1),
            Trigger(TOPIC + "-too", QUEUE + "-too", waiting=1_200),
            Trigger(TOPIC + "-kept", QUEUE + "-kept", waiting=0),
            Trigger(TOPIC + "-unseen", QUEUE + "-unseen"),
        ),
    ),
    # since when, and what was changed
    "history: began after changes": seen_of(
        ZERO,
        of(ReservedConcurrentExecutions=0),
        start=AN_HOUR_BEFORE,
        changes=(
            changed(1, "UpdateAlias", name="live"),
            changed(0.9, "UpdateFunctionCode"),
            changed(-9, "UpdateAlias", name="live", functionVersion="3"),
            changed(-61, "PutFunctionConcurrency", reservedConcurrentExecutions="0"),
            changed(-62, "PutFunctionConcurrency", reservedConcurrentExecutions="7"),
        ),
    ),
    "history: late by just 5 seconds": seen_of(but(BASELINE, AsyncEventAge=[[4_999], [5_000]]), of()),
    "history: began without a change": seen_of(
        but(LATE, DeadLetterErrors=[[], [1]], DestinationDeliveryFailures=[[], [1]]),
        of(**ONE),
        start=FIRST_MINUTE - 60.0,
        changes=(),
        sent=2,
    ),
    "history: began just in the first minute": seen_of(ONCE, of(MaximumRetryAttempts=0), start=FIRST_MINUTE - 59.9),
    "history: settings were changed meanwhile": seen_of(
        but(ERRORS, DeadLetterErrors=[[], [], [], [1]]),
        of(),
        start=FIRST_MINUTE - 60.0,
        changes=(
            changed(4, "PutFunctionEventInvokeConfig", maximumRetryAttempts="2"),
            changed(2, "UpdateFunctionCode"),
            changed(1, "PutFunctionConcurrency", reservedConcurrentExecutions="1"),
            changed(-1, "PutFunctionConcurrency", reservedConcurrentExecutions="2"),
        ),
    ),
    "history: a setting was changed meanwhile": seen_of(
        BASELINE, of(), sent=1, changes=(changed(2, "PutFunctionConcurrency"), changed(5, "PutFunctionConcurrency"))
    ),
    "history: dropped untried after a reservation was removed": seen_of(
        ZERO,
        of(),
        start=AN_HOUR_BEFORE,
        changes=(changed(-70, "DeleteFunctionConcurrency"), changed(-80, "PutFunctionConcurrency")),
    ),
    # what the log says
    "failed as the log says": seen_of(
        ERRORS,
        of(),
        failed_requests=(failed("b", "KeyError: 'id'"), failed(None, "Task timed out"), failed("a", "KeyError: 'id'")),
    ),
    "late after errors as the log says": seen_of(
        but(ERRORS, AsyncEventsDropped=[], Errors=[[1], [1], [], [0]]), of(), failed_requests=(failed("a", "no"),)
    ),
    "failing as the log says": seen_of(
        but(BASELINE, Errors=[[1]]), of(), minutes=1, failed_requests=(failed("a", "no"),)
    ),
    "too old for both retries as the log says": seen_of(ONCE, of(**SHORT), failed_requests=(failed("a", "no"),)),
    "late after an error that took all memory as the log says": seen_of(
        but(ERRORS, AsyncEventsDropped=[], Errors=[[1], [1], [], [0]]), of(), failed_requests=(failed("a", KILLED),)
    ),
    # functions with other rules
    "a durable function": seen_of(ERRORS, of_kind(of(), Kind.DURABLE), sent=1),
    "a function on managed instances": seen_of(LATE, of_kind(of(**ONE), Kind.MANAGED_INSTANCES), sent=2),
}
