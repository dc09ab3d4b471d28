"""What AWS and its SDK fail with, in sentences: whose fault it is, and what to do about it.

Nothing here imports botocore unless it was asked for already: that takes a third of a second.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from async_lab.errors import EnvironmentFailure, LabError

_THROTTLED_CODES = frozenset(  # botocore/retries/standard.py, ThrottledRetryableChecker; without what is a quota's
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_THROTTLED_STATUS = 429
_SERVER_ERROR_STATUS = 500


def aws_errors() -> tuple[type[Exception], ...]:
    """Return what a call of AWS can raise, if botocore was imported: else nothing of it can have been raised."""
    exceptions, parsers = sys.modules.get("botocore.exceptions"), sys.modules.get("botocore.parsers")
    if not exceptions or not parsers:
        return ()
    return (exceptions.BotoCoreError, exceptions.ClientError, parsers.ResponseParserError)


def is_passing(error: BaseException) -> bool:
    """Whether a call that failed with this may succeed later: AWS is busy, fails, or can't be reached."""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError

    if isinstance(error, exceptions.ClientError):
        return _is_throttled(error) or _status(error) >= _SERVER_ERROR_STATUS
    return isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError, ResponseParserError))


@contextmanager
def settings_are_read() -> Iterator[None]:
    """Raise EnvironmentFailure for whatever the user's AWS settings make of the block.

    botocore lets through what it stumbles over in a profile, a variable or a credential process: ValueError, OSError,
    KeyError, AttributeError.
    """
    try:
        yield
    except LabError:
        raise
    except Exception as error:
        raise EnvironmentFailure(_sentence(error)) from error


def _sentence(error: Exception) -> str:
    from botocore import exceptions
    from botocore.parsers import ResponseParserError

    if isinstance(error, exceptions.ClientError):
        return _refusal(error)
    if "Invalid header value" in str(error):  # its own words would show a credential
        return "Your credentials can't be sent: they hold a line break or another character that no header may have."
    said = _in_short(error)
    sentences: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
        (
            (ResponseParserError, KeyError),
            f"What answers for AWS is not AWS ({said}): check the proxy and AWS_ENDPOINT_URL.",
        ),
        (
            (exceptions.ConnectionError, exceptions.HTTPClientError),
            f"AWS can't be reached ({said}): check the network, region and proxy.",
        ),
        ((exceptions.ProfileNotFound,), f"{error}: choose one that exists with --profile or AWS_PROFILE."),
        (
            (exceptions.NoCredentialsError,),
            "No AWS credentials are set: log in, or choose a profile that has some with --profile.",
        ),
        (
            (exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.LoginError),
            f"Your login has expired or was never made ({said}): log in again with `aws sso login` or `aws login`.",
        ),
        (
            (exceptions.CredentialRetrievalError,),
            f"Your credentials can't be fetched ({said}): correct the profile, or choose another with --profile.",
        ),
    )
    otherwise = (
        f"Your AWS settings can't be used ({said}): "
        "correct the profile or the AWS_ variables, or choose another profile with --profile."
    )
    return next((sentence for kinds, sentence in sentences if isinstance(error, kinds)), otherwise)


def _refusal(error: Exception) -> str:
    if _is_throttled(error):
        return f"AWS is busy and doesn't say who you are ({_in_short(error)}): try again in a minute."
    if _status(error) >= _SERVER_ERROR_STATUS:
        return f"AWS fails to say who you are ({_in_short(error)}): try again later, or look at health.aws.amazon.com."
    return f"AWS does not accept your credentials ({_in_short(error)}): log in again, or choose others with --profile."


def _in_short(error: Exception) -> str:
    """Return what it says, in one line; with its kind where botocore didn't write it."""
    words = " ".join(str(error).split()).rstrip(".: ")
    return words if isinstance(error, aws_errors()) else f"{type(error).__name__}: {words}"


def _is_throttled(error: Exception) -> bool:
    code = _answer(error).get("Error", {}).get("Code", "")
    return code in _THROTTLED_CODES or _status(error) == _THROTTLED_STATUS


def _status(error: Exception) -> int:
    return int(_answer(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _answer(error: Exception) -> dict[str, dict[str, str]]:
    return getattr(error, "response", None) or {}
