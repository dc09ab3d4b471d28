"""What the tests of this directory share beside their fixtures."""

import copy
from functools import cache

import boto3
import botocore.session

START = 1_795_422_225.0  # 2026-11-23T08:23:45Z


@cache
def client(service: str, endpoint: str, protocol: str | None = None):
    """A client that speaks ``protocol``, by default the one that this botocore prefers."""
    session = botocore.session.Session()
    if protocol:
        _speak(session, protocol)
    return boto3.Session(botocore_session=session).client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def _speak(session, protocol):
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def load_in_one_protocol(service_name, type_name, api_version=None):
        model = copy.deepcopy(load(service_name, type_name, api_version))
        if type_name == "service-2":
            model["metadata"] |= {"protocol": protocol, "protocols": [protocol]}
        return model

    loader.load_service_model = load_in_one_protocol
