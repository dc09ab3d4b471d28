"""Function URLs as they are configured, one for the function itself and one for each alias. They don't answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from moto.moto_api._internal import mock_random

from async_lab.endpoint.functions.refusals import conflict, not_found
from async_lab.endpoint.functions.requests import NO_CONTENT, Answer, Requests, answer
from async_lab.timestamps import iso_with_offset

_SETTINGS = ("AuthType", "Cors", "InvokeMode")


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """One URL."""

    function_arn: str
    url: str
    created_at: float
    """Epoch seconds."""
    changed_at: float
    settings: dict[str, Any]

    def response(self) -> dict[str, Any]:
        """Return Lambda's answer."""
        return {
            "FunctionUrl": self.url,
            "FunctionArn": self.function_arn,
            "InvokeMode": "BUFFERED",
            **self.settings,
            "CreationTime": iso_with_offset(self.created_at),
            "LastModifiedTime": iso_with_offset(self.changed_at),
        }


class UrlRequests(Requests):
    """Requests about a function's URLs."""

    def create_function_url_config(self) -> Answer:
        """Give a function or an alias a URL."""
        name, qualifier = self._named()
        self.backend.get_function(name, qualifier)
        function = self._function()
        arn = f"{function.function_arn}:{qualifier}" if qualifier else function.function_arn
        if (qualifier or "") in function.urls:
            raise conflict(
                f"Failed to create function url config for [functionArn = {arn}]. "
                "Error message:  FunctionUrlConfig exists for this Lambda function"
            )
        host = f"{mock_random.uuid4().hex}.lambda-url.{self.region}.on.aws"
        made = FunctionUrl(arn, f"https://{host}/", self._at(), self._at(), self._settings())
        function.urls[qualifier or ""] = made
        return answer(201, made.response())

    def get_function_url_config(self) -> Answer:
        """Return the URL of a function or an alias."""
        return answer(200, self._url().response())

    def update_function_url_config(self) -> Answer:
        """Change what the request names."""
        before = self._url()
        changed = replace(before, settings=before.settings | self._settings(), changed_at=self._at())
        self._function().urls[self._named()[1] or ""] = changed
        return answer(200, changed.response())

    def delete_function_url_config(self) -> Answer:
        """Take the URL away."""
        self._url()
        del self._function().urls[self._named()[1] or ""]
        return NO_CONTENT

    def list_function_url_configs(self) -> Answer:
        """Return the URLs of a function and its aliases."""
        urls = self._function().urls
        return answer(200, {"FunctionUrlConfigs": [urls[qualifier].response() for qualifier in sorted(urls)]})

    def _url(self) -> FunctionUrl:
        try:
            return self._function().urls[self._named()[1] or ""]
        except KeyError:
            raise not_found("The resource you requested does not exist.") from None

    def _settings(self) -> dict[str, Any]:
        return {name: self.json_body[name] for name in _SETTINGS if self.json_body.get(name) is not None}
