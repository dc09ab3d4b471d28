"""Bills orders, and takes what a shop sends as it comes: an order without an amount is an error."""

import os
import time

import payments


def handler(event, context):
    if "amount" not in event:
        raise ValueError(f"order {event.get('order')} has no amount")
    time.sleep(float(os.environ.get("BILLING_SECONDS", "0")))
    return {"order": event["order"], "receipt": payments.charge(event["amount"])}
