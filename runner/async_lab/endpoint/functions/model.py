"""moto's function with the settings that it forgets, and where a function's or a layer's code comes from."""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from moto.awslambda import models
from moto.awslambda.policy import Policy
from moto.awslambda.utils import get_backend
from moto.moto_api._internal import mock_random
from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from async_lab import arns
from async_lab.endpoint.access.identity_policies import RequiredPermission, needs_of_target
from async_lab.endpoint.functions import settings
from async_lab.endpoint.functions.refusals import check_execution_role, check_trust, invalid_value, too_large
from async_lab.endpoint.sandbox import UnusablePackage, check_package
from async_lab.timestamps import iso_with_offset

if TYPE_CHECKING:
    from async_lab.endpoint.functions.concurrency import ProvisionedConcurrency
    from async_lab.endpoint.functions.event_invoke_config import EventInvokeConfig
    from async_lab.endpoint.functions.urls import FunctionUrl

_VPC_NEEDS = tuple(
    RequiredPermission(f"ec2:{verb}", "*")
    for verb in ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")
)
_TRACING_NEEDS = (RequiredPermission("xray:PutTraceSegments", "*"),)
_CREATING = {  # snapshot
    "State": "Pending",
    "StateReason": "The function is being created.",
    "StateReasonCode": "Creating",
}
_UPDATING = {  # snapshot
    "LastUpdateStatus": "InProgress",
    "LastUpdateStatusReason": "The function is being created.",
    "LastUpdateStatusReasonCode": "Creating",
}
_MOST_LAYERS = 5  # developer guide, "Lambda quotas"
_LOG_LEVEL = "INFO"  # API reference, LoggingConfig: the default of both levels in JSON


class Function(models.LambdaFunction):
    """A function version that reads back as it was written.

    What belongs to the function and not to a version (event-invoke configs, provisioned concurrency, policies, URLs,
    each by qualifier) is shared by all its versions: moto publishes by a shallow copy.
    """

    now: Callable[[], float]
    role: str
    code_bytes: bytes = b""
    """The package; a container image has none here."""
    kms_key_arn: str | None
    tracing_config: dict[str, Any]

    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        settings.check(spec)
        settings.check_created(spec)
        self._versions = itertools.count(1)
        self.dead_letter_config: dict[str, Any] = spec.get("DeadLetterConfig") or {}
        self.logging_config: dict[str, Any] = spec.get("LoggingConfig") or {}
        self.snap_start: str = (spec.get("SnapStart") or {}).get("ApplyOn", "None")
        self.file_systems: list[dict[str, Any]] = spec.get("FileSystemConfigs") or []
        self.layer_packages: tuple[bytes, ...] = ()
        self.has_environment = (spec.get("Environment") or {}).get("Variables") is not None
        super().__init__(account_id, spec, region, version)
        self.event_invoke_configs: dict[str, EventInvokeConfig] = {}
        self.provisioned: dict[str, ProvisionedConcurrency] = {}
        self.urls: dict[str, FunctionUrl] = {}
        self.policies: dict[str, Policy] = {}
        self.recursive_loop = "Terminate"  # API reference, GetFunctionRecursionConfig: the default
        self._changed()
        self.check_role({})

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """Copy for an answer with another version number, which is all that moto does with it.

        A real deep copy would take the region's whole log backend along.
        """
        return copy.copy(self)

    @property
    def log_group(self) -> str:
        """Where its executions write their log."""
        group: str = self.logging_config.get("LogGroup") or self.logs_group_name
        return group

    @property
    def logging_variables(self) -> dict[str, str]:
        """What tells the runtime client to write the handler's log as JSON (doc); text is what it writes unasked."""
        logging = self._logging()
        if logging["LogFormat"] != "JSON":
            return {}
        return {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": logging["ApplicationLogLevel"]}

    @property
    def system_log_level(self) -> str | None:
        """From which level on Lambda writes its own log lines as JSON; None where they are text."""
        level: str | None = self._logging().get("SystemLogLevel")
        return level

    @property
    def vpc_config(self) -> dict[str, Any] | None:
        """The network, with the VPC that its subnets are in."""
        subnets = (self._vpc_config or {}).get("SubnetIds")
        if not subnets:
            return None
        return {"SecurityGroupIds": [], **self._vpc_config, "VpcId": self._vpc_of(subnets[0])}

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        """Return the configuration as GetFunctionConfiguration answers it."""
        configuration: dict[str, Any] = super().get_configuration(on_create)
        configuration["LoggingConfig"] = self._logging()
        configuration["RevisionId"] = self.revision_id
        if self.has_environment:
            configuration.setdefault("Environment", {"Variables": {}})
        if on_create:
            configuration |= _CREATING
        if self.package_type == "Zip":
            configuration["RuntimeVersionConfig"] = {"RuntimeVersionArn": self._runtime_version()}
        if self.file_systems:
            configuration["FileSystemConfigs"] = self.file_systems
        if not self.layers:
            configuration.pop("Layers", None)
        optimized = self.snap_start != "None" and self.version != "$LATEST"
        configuration["SnapStart"] = {"ApplyOn": self.snap_start, "OptimizationStatus": "On" if optimized else "Off"}
        if not any(vars(self.image_config).values()):
            configuration.pop("ImageConfigResponse", None)
        if self.dead_letter_config.get("TargetArn"):
            configuration["DeadLetterConfig"] = self.dead_letter_config
        return configuration

    def get_code(self) -> dict[str, Any]:
        """Return what GetFunction answers; moto leaves a reservation of 0 out."""
        answer: dict[str, Any] = super().get_code()
        if self.reserved_concurrency is not None:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved_concurrency}
        return answer

    def set_version(self, _version: int) -> None:
        """Become a published version, with a number that no other had: moto counts those that are left."""
        super().set_version(next(self._versions))
        self._changed()

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        """Change what the request names."""
        settings.check(config_updates, runtime=self.run_time, package_type=self.package_type)
        self.check_role(config_updates)
        self.dead_letter_config = config_updates.get("DeadLetterConfig") or self.dead_letter_config  # {} keeps it (doc)
        self.logging_config = config_updates.get("LoggingConfig") or self.logging_config
        self.tracing_config = config_updates.get("TracingConfig") or self.tracing_config
        self.kms_key_arn = config_updates.get("KMSKeyArn", self.kms_key_arn)
        self.snap_start = (config_updates.get("SnapStart") or {}).get("ApplyOn", self.snap_start)
        self.file_systems = config_updates.get("FileSystemConfigs", self.file_systems)
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        if "ImageConfig" in config_updates:
            self.image_config = models.ImageConfig(config_updates["ImageConfig"])
        environment = config_updates.get("Environment")
        # Terraform takes the last variable away by an empty environment, and plans nothing more: AWS then has none.
        self.has_environment = self.has_environment and environment is None
        updates = (
            config_updates if environment is None else config_updates | {"Environment": settings.variables(environment)}
        )
        super().update_configuration(updates)
        self._changed()
        return self.get_configuration() | _UPDATING

    def update_function_code(self, updated_spec: dict[str, Any]) -> dict[str, Any]:
        """Change the code, and the architecture, which belongs to it."""
        if updated_spec.get("Architectures"):
            self.architectures = updated_spec["Architectures"]
        super().update_function_code(updated_spec)
        self._changed()
        return self.get_configuration() | _UPDATING

    def _set_function_code(self, source: dict[str, Any]) -> None:
        """Take a package that can be run from; refuse any other before anything is changed, and on a dry run too."""
        package = uploaded(self.account_id, self.region, source)
        if package is None and self.package_type == "Zip":
            raise invalid_value("Please provide a source for function code.")  # capture
        if package is not None and (package.content != self.code_bytes or not self.code_bytes):  # moto sets it twice
            check_code(package, self.layer_packages)
        super()._set_function_code(source)
        if package is not None and not source.get("DryRun"):
            package.describe(self)  # moto forgets which version of an object was asked for

    def check_role(self, wanted: dict[str, Any]) -> None:
        """Refuse settings that the execution role can't serve; those not given are as they are."""
        dead_letter = (wanted.get("DeadLetterConfig") or self.dead_letter_config).get("TargetArn")
        if dead_letter and (arns.service_of(dead_letter) not in {"sns", "sqs"} or dead_letter.endswith(".fifo")):
            raise invalid_value(f"Invalid dead letter target: {dead_letter}")
        needs = needs_of_target(dead_letter) if dead_letter else ()
        if (wanted.get("VpcConfig") or self._vpc_config or {}).get("SubnetIds"):
            needs += _VPC_NEEDS
        if (wanted.get("TracingConfig") or self.tracing_config).get("Mode") == "Active":
            needs += _TRACING_NEEDS
        role_arn = wanted.get("Role", self.role)
        if not wanted or "Role" in wanted:
            check_trust(role_arn, self.function_arn)
        check_execution_role(role_arn, needs)
        if network := wanted.get("VpcConfig"):
            self._check_network(network)

    def _get_layers_data(self, layers_versions_arns: list[str]) -> list[dict[str, Any]]:
        """Take the layers' packages too: a function keeps a layer that is deleted (doc)."""
        backend = get_backend(self.account_id, self.region)
        _check_layers(backend, layers_versions_arns)
        data: list[dict[str, Any]] = super()._get_layers_data(layers_versions_arns)
        packages = tuple(backend.layers_versions_by_arn(arn).code_bytes for arn in layers_versions_arns)
        if self.code_bytes:
            check_code(Package(self.code_bytes), packages)
        self.layer_packages = packages
        return data

    def _logging(self) -> dict[str, Any]:
        logging = {"LogFormat": "Text", "LogGroup": self.logs_group_name} | self.logging_config
        if logging["LogFormat"] != "JSON":
            return logging
        return {"ApplicationLogLevel": _LOG_LEVEL, "SystemLogLevel": _LOG_LEVEL} | logging

    def _runtime_version(self) -> str:
        """Return an ARN in AWS's form; the hash is ours, as nobody publishes which version has which."""
        return f"arn:aws:lambda:{self.region}::runtime:{hashlib.sha256(str(self.run_time).encode()).hexdigest()}"

    def _check_network(self, wanted: Mapping[str, Any]) -> None:
        """Refuse subnets and security groups that aren't there; the words are Lambda's with EC2's in them (assumed)."""
        from moto.ec2.models import ec2_backends  # a second to import: only for functions in a VPC

        ec2 = ec2_backends[self.account_id][self.region]
        subnets = {subnet.id for zone in ec2.subnets.values() for subnet in zone.values()}
        for subnet in wanted.get("SubnetIds") or ():
            if subnet not in subnets:
                raise invalid_value(
                    "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. "
                    f"EC2 Error Message: The subnet ID '{subnet}' does not exist"
                )
        for group in wanted.get("SecurityGroupIds") or ():
            if ec2.get_security_group_from_id(group) is None:
                raise invalid_value(
                    "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. "
                    f"EC2 Error Message: The security group '{group}' does not exist"
                )

    def _vpc_of(self, subnet_id: str) -> str:
        """Return a subnet's VPC; "" when the subnet was deleted, which AWS doesn't let happen."""
        from moto.ec2.models import ec2_backends

        zones = ec2_backends[self.account_id][self.region].subnets.values()
        return next((str(zone[subnet_id].vpc_id) for zone in zones if subnet_id in zone), "")

    def _changed(self) -> None:
        self.last_modified = iso_with_offset(type(self).now())
        self.revision_id = str(mock_random.uuid4())


def _check_layers(backend: models.LambdaBackend, layers: Sequence[str]) -> None:
    """Refuse layers that the function can't have. Words: snapshot."""
    if len(layers) > _MOST_LAYERS:
        raise invalid_value(f"Cannot reference more than {_MOST_LAYERS} layers.")
    seen: dict[str, str] = {}
    for layer in layers:
        arn, name = arns.parse(layer), layer.rpartition(":")[0]
        if arn.account_id != backend.account_id:
            raise invalid_value(
                f"async-lab doesn't have {layer}, which is another account's: publish its zip file with "
                "PublishLayerVersion and use that layer, or use AWS."
            )
        if arn.region != backend.region_name:
            raise invalid_value(
                "Layers are not in the same region as the function. "
                f"Layers are expected to be in region {backend.region_name}."
            )
        if backend.layers_versions_by_arn(layer) is None:
            raise invalid_value(f"Layer version {layer} does not exist.")
        if name in seen:
            raise invalid_value(
                "Two different versions of the same layer are not allowed to be referenced in the same function. "
                f"{seen[name]} and {layer} are versions of the same layer."
            )
        seen[name] = layer


ZIPPED_LIMIT_BYTES = 52_428_800  # developer guide, "Lambda quotas": 50 MB, uploaded directly; words: snapshot
_NOT_BASE64 = "Could not unzip uploaded file. Please check your file, then try to upload again."


@dataclass(frozen=True, slots=True)
class Package:
    """A zip file and what Lambda says of it."""

    content: bytes

    def describe(self, owner: Any) -> None:
        """Make it the content of one of moto's functions or layers."""
        digest = hashlib.sha256(self.content)
        owner.code_bytes, owner.code_size = self.content, len(self.content)
        owner.code_sha_256, owner.code_digest = base64.b64encode(digest.digest()).decode(), digest.hexdigest()


def uploaded(account_id: str, region: str, source: Mapping[str, Any]) -> Package | None:
    """Return the package that a request brings or names; None where it names a container image, or nothing."""
    if "ZipFile" in source:
        if source.keys() & {"ImageUri", "S3Bucket", "S3Key", "S3ObjectVersion"}:
            raise invalid_value(  # public issues
                "Please do not provide other FunctionCode parameters when providing a ZipFile."
            )
        return Package(_decoded(source["ZipFile"]))
    if "S3Bucket" in source and "S3Key" in source:
        return Package(_stored(account_id, region, source))
    return None


def check_zipped(encoded: Any) -> None:
    """Refuse a package that is too large to be brought in a request, as base64; S3 has no such limit."""
    size = len(encoded) * 3 // 4 - encoded[-2:].count("=") if isinstance(encoded, str) else 0
    if size > ZIPPED_LIMIT_BYTES:
        raise too_large(f"Zipped size must be smaller than {ZIPPED_LIMIT_BYTES} bytes")


def check_code(package: Package, layers: Sequence[bytes] = ()) -> None:
    """Refuse a package that no function can run from, or not together with its layers."""
    try:
        check_package(package.content, layers)
    except UnusablePackage as error:
        raise invalid_value(str(error)) from error


def check_sha256(wanted: str | None, present: str) -> None:
    """Refuse to publish other code than the caller knows (doc: PublishVersion, CodeSha256)."""
    if wanted and wanted != present:
        raise invalid_value(
            f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({present}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )


class LayerVersion(models.LayerVersion):
    """moto's layer version, of a package that can be unpacked."""

    def __init__(self, spec: dict[str, Any], account_id: str, region: str) -> None:
        package = uploaded(account_id, region, spec["Content"])
        if package is None:
            raise invalid_value("Please provide a source for layer content.")
        check_code(package)
        super().__init__(spec, account_id, region)
        package.describe(self)


def _decoded(encoded: Any) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise invalid_value(_NOT_BASE64) from error


def _stored(account_id: str, region: str, source: Mapping[str, Any]) -> bytes:
    backend = s3_backends[account_id][get_partition(region)]
    try:
        found = backend.get_object(source["S3Bucket"], source["S3Key"], source.get("S3ObjectVersion"))
    except MissingBucket as error:
        raise _not_got("NoSuchBucket", "The specified bucket does not exist") from error
    if found is None:
        if source.get("S3ObjectVersion"):
            raise _not_got("NoSuchVersion", "The specified version does not exist.")
        raise _not_got("NoSuchKey", "The specified key does not exist.")
    content: bytes = found.value
    return content


def _not_got(code: str, message: str) -> Exception:
    return invalid_value(f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}")
