"""CloudWatch of the embedded endpoint: metrics, metric math and alarms, in the endpoint's own time.

moto keeps the wire formats and the dashboards; what a number, an expression or an alarm means is decided here.
"""

from async_lab.endpoint.cloudwatch.alarm_api import install
from async_lab.endpoint.cloudwatch.alarm_evaluation import evaluate, evaluate_high_resolution
from async_lab.endpoint.cloudwatch.alarms import has_high_resolution
from async_lab.endpoint.cloudwatch.responses import store

__all__ = ["evaluate", "evaluate_high_resolution", "has_high_resolution", "install", "store"]
