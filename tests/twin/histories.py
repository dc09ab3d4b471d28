"""What the twin tells, gathered for a test to look at."""

from async_lab.twin import Finished, FunctionRef, Outcome, Rules, samples, simulate

FUNCTION = FunctionRef("lab")
STEADY = Rules(jitter=0.0, dispatch_seconds=(0.035, 0.035))
"""Every first attempt 35 ms after acceptance, and every wait the nominal one."""
SUCCEEDS = Outcome(0.1)
FAILS = Outcome(0.0, is_error=True)
SLEEPS = Outcome(90.0)


def history_of(functions, arrivals, outcome_of, **options):
    history = []
    simulate(functions, arrivals, outcome_of, history.append, **options)
    return history


def run(config, outcome, events=1, rules=STEADY, **options):
    """The history of events that are sent to one function at the same instant, all with one outcome."""
    return history_of({FUNCTION: config}, [(0.0, FUNCTION)] * events, lambda _: outcome, rules=rules, **options)


def values(history, metric):
    return [sample.value for record in history for sample in samples(record) if sample.metric == metric]


def of_kind(history, kind):
    return [record for record in history if isinstance(record, kind)]


def finished(history):
    return of_kind(history, Finished)
