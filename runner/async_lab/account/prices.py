"""What AWS charges for what a run uses: list prices in US dollars, without the free tier.

Each with the price list and the day it was published on, as quoted with its SKU by public documents. Requests to
queues, topics and the event bus aren't here: those of the largest run, 10,000 events, cost about a cent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

_LIST = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws"
_HOURS_PER_MONTH = 730


@dataclass(frozen=True, slots=True)
class Price:
    """One price, and where it comes from."""

    dollars: float
    per: str
    source: str
    published: date | None
    """None: no dated source was found."""


LAMBDA_REQUEST = Price(
    0.20 / 1_000_000,
    "request",
    f"{_LIST}/AWSLambda/20260831092318/us-west-2/index.json, SKU ZWHFK83WS2P4WZR6; us-east-1 has the same",
    date(2026, 8, 31),
)
LAMBDA_GB_SECOND = Price(
    0.0000166667,
    "GB-second on x86",
    f"{_LIST}/AWSLambda/20260831092318/us-west-2/index.json, SKU XCU6U9G4FCKZQWG9; us-east-1 has the same",
    date(2026, 8, 31),
)
ALARM_METRIC_HOUR = Price(
    0.10 / _HOURS_PER_MONTH,
    "metric in an alarm of standard resolution, and hour",
    f"{_LIST}/AmazonCloudWatch/20260831092148/us-east-1/index.json, SKU EVETVUGEN3MUTMXM",
    date(2026, 8, 31),
)
COMPOSITE_ALARM_HOUR = Price(
    0.50 / _HOURS_PER_MONTH,
    "composite alarm and hour",
    f"{_LIST}/AmazonCloudWatch, usage type CW:CompositeAlarmMonitorUsage",
    None,
)
DASHBOARD_HOUR = Price(
    3.00 / _HOURS_PER_MONTH,
    "dashboard and hour",
    f"{_LIST}/AmazonCloudWatch/20260831092148/index.json, SKU 8AWBXE5MPQY58BK4",
    date(2026, 8, 31),
)
OBJECT_PUT = Price(
    0.005 / 1_000,
    "object put, in S3 Standard",
    f"{_LIST}/AmazonS3, usage type Requests-Tier1",
    None,
)
METRIC_READ = Price(
    0.01 / 1_000,
    "metric that GetMetricData gives",
    f"{_LIST}/AmazonCloudWatch/20260831092148/ap-southeast-3/index.json, SKU A82PPMQA4UC6EVHB; any region's",
    date(2026, 8, 31),
)
LOG_BYTE = Price(
    0.50 / 1_000_000_000,
    "byte of logs taken in",
    f"{_LIST}/AmazonCloudWatch/20260831092148/us-east-1/index.json, SKU S8QGXX5R2BKKMDSJ",
    date(2026, 8, 31),
)
