"""A handler that does as its event says: sleep, exit, fail."""

import os
import time


def handler(event, context):
    if isinstance(event, dict):
        time.sleep(event.get("sleep", 0))
        if "exit" in event:
            os._exit(event["exit"])
        if "fail" in event:
            raise ValueError(event["fail"])
    return {"seen": event, "id": context.aws_request_id}
