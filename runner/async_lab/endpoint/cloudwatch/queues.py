"""What SQS publishes of its queues each minute, so that an alarm on a failure queue has something to see.

Source: SQS developer guide, "Available CloudWatch metrics for Amazon SQS". Of those, the ones that say what is in a
queue; SQS stops for a queue that nobody used for 6 hours, we don't.
"""

from __future__ import annotations

from moto.sqs.models import sqs_backends

from async_lab.cloudwatch.store import MINUTE
from async_lab.endpoint.cloudwatch.responses import store

NAMESPACE = "AWS/SQS"

_ATTRIBUTES = {
    "ApproximateNumberOfMessagesVisible": "approximate_number_of_messages",
    "ApproximateNumberOfMessagesNotVisible": "approximate_number_of_messages_not_visible",
    "ApproximateNumberOfMessagesDelayed": "approximate_number_of_messages_delayed",
}


def publish(at: float) -> None:
    """Put the depths of all queues into the metrics of the minute that ends at the epoch second ``at``."""
    backends = [backend for regions in list(sqs_backends.values()) for backend in list(regions.values())]
    for backend in backends:
        for queue in list(backend.queues.values()):
            metrics = store(backend.account_id, backend.region_name)
            for metric, attribute in _ATTRIBUTES.items():
                depth = float(getattr(queue, attribute))
                metrics.put(NAMESPACE, metric, (("QueueName", queue.name),), at - MINUTE, depth, "Count")
