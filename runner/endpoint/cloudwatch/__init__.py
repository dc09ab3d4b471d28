"""CloudWatch of the embedded endpoint: metrics, metric math and alarms, in the endpoint's own time.

moto keeps the wire formats and the dashboards; what a number, an expression or an alarm means is decided here.
"""

from runner.endpoint.cloudwatch.alarm_evaluation import evaluate
from runner.endpoint.cloudwatch.install import install
from runner.endpoint.cloudwatch.responses import store
from runner.endpoint.cloudwatch.store import Dimensions, Metric, MetricStore

__all__ = ["Dimensions", "Metric", "MetricStore", "evaluate", "install", "store"]
