"""async-lab: a lab, Terraform modules and a digital twin for AWS Lambda's asynchronous invocations."""

import os
import sys

# A module on the user's PYTHONPATH must not stand in for one that the lab needs: what is there comes last.
_users = {os.path.abspath(place) for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place}  # noqa: PTH100
sys.path.sort(key=lambda place: os.path.abspath(place) in _users)  # noqa: PTH100
