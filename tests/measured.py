"""What became of events, and metrics of any namespace and dimension set, which `Lab.metrics` doesn't look at."""


def measured(async_lab, statistic, namespace, metric, **dimensions):
    """A statistic of a metric in each minute since the test began, in one dimension set."""
    points = async_lab.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": str(value)} for name, value in dimensions.items()],
        StartTime=async_lab.began_at // 60 * 60,
        EndTime=async_lab.now + 60,
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return [point[statistic] for point in points]


def total(async_lab, namespace, metric, **dimensions):
    """The sum of a metric since the test began, in one dimension set; 0 without data points."""
    return sum(measured(async_lab, "Sum", namespace, metric, **dimensions))


def payloads(function):
    """What a function was invoked with asynchronously, in the order of acceptance."""
    return [event.json for event in function.events]


def outcomes(event):
    """What each attempt at an event came to."""
    return [attempt.outcome for attempt in event.attempts]
