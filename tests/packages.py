"""Functions' packages, for tests that call Lambda's API themselves."""

import io
import json
import zipfile
from pathlib import Path

from async_lab.testing.base import TRUST

AS_TOLD = Path(__file__).parent / "as_told" / "app.py"
"""A handler that does as its event says: sleep, exit, fail."""
MAY_DO_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def package(source=None):
    """A package whose `app.handler` this is; without one, the handler that does as its event says."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", AS_TOLD.read_text() if source is None else source)
    return file.getvalue()


def deployed(client, name="as-told", **settings):
    """Make a function that does as its event says, with `client` for the service of a name; return its name.

    For what serves without a lab's settings, such as an endpoint whose clock runs.
    """
    iam = client("iam")
    role = iam.create_role(RoleName=f"{name}-role", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName=f"{name}-role", PolicyName="all", PolicyDocument=json.dumps(MAY_DO_ALL))
    defaults = {"Runtime": "python3.13", "Handler": "app.handler", "Code": {"ZipFile": package()}, "Timeout": 100}
    client("lambda").create_function(FunctionName=name, Role=role, **(defaults | settings))
    return name
