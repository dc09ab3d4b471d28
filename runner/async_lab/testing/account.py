"""What tests make on an account: tagged, noted before it is made, taken down, and looked for afterward.

One note for what a test makes by itself, and one for each Terraform directory that it applies: ``async-lab destroy
--target aws`` takes down whatever a process that was killed has left.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from tempfile import mkdtemp
from typing import Any

from async_lab.checkout import program
from async_lab.checkout.project import Project
from async_lab.errors import EnvironmentFailure, Interrupted, LeftBehind, UsageError
from async_lab.owned import Owned
from async_lab.process.interrupts import Abandoned, Interrupts
from async_lab.stack import leftovers
from async_lab.stack.journal import Entry, Journal
from async_lab.stack.stack import take_down_noted
from async_lab.target.base import Target
from async_lab.terraform import Terraform, find_terraform, init_from_anywhere
from async_lab.terraform.mirror import AWS_PROVIDER
from async_lab.testing.terraform import check, copied, without_data_directory, without_log

TAG = "async-lab-test"
"""The key of the tag that everything has which tests make; its value is the name in the note."""
_DEFAULT_TAGS = "TF_AWS_DEFAULT_TAGS_"
"""Begins variables that Terraform's AWS provider takes default tags from, since version 5.62."""
_LEADS_ELSEWHERE = ("assume_role", "assume_role_with_web_identity", "profile")
_FUNCTION, _LOG_GROUP = "aws_lambda_function", "aws_cloudwatch_log_group"


@dataclass(slots=True)
class Scope:
    """What one test made, or what all of a session's share; what comes later is taken down first."""

    entries: list[Entry] = field(default_factory=list)
    terraform: dict[str, Terraform] = field(default_factory=dict)
    """Of entries that were applied, by their names."""

    def names(self, kind: str) -> list[str]:
        """Return the names of what was made of a kind."""
        return [name for entry in self.entries for noted, name in entry.resources if noted == kind]


class Account:
    """The account of one test session. ``say`` is told what happens."""

    def __init__(self, target: Target, project: Project, say: Callable[[str], None]) -> None:
        self.target, self._say = target, say
        self._journal = Journal(project.stacks)
        self._token = token_hex(3)
        self._work = project.runs / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-tests-{self._token}"
        self._owned: Owned | None = None
        self._notes = 0
        self.made = 0
        """How many resources were noted so far."""
        self.functions: dict[str, float] = {}
        """When each function that was made was noted, in epoch seconds, by its name."""

    # Made with boto3

    def own(self, scope: Scope) -> Entry:
        """Return the note of what a scope makes by itself."""
        for entry in scope.entries:
            if not entry.directory:
                return entry
        return self._noted(scope, self._new_entry("", ""))

    def making(self, scope: Scope, kind: str, name: str) -> None:
        """Note what is made now, under a name that holds the session's own."""
        self._add(scope, self.own(scope), [(kind, name)])

    # Made with Terraform

    def apply(self, scope: Scope, directory: Path, variables: Mapping[str, object]) -> tuple[Entry, dict[str, Any]]:
        """Apply a directory; return its note and outputs.

        Raises UsageError for what would get out of sight here, EnvironmentFailure for a name that is taken and with
        Terraform's own message.
        """
        check(directory)
        self._own_work()
        home = Path(mkdtemp(dir=self._work, prefix="applied-"))
        try:
            return self._applied(scope, directory, variables, home)
        finally:
            if not any(Path(entry.var_file).parent == home for entry in scope.entries):
                shutil.rmtree(home)

    def _applied(
        self, scope: Scope, directory: Path, variables: Mapping[str, object], home: Path
    ) -> tuple[Entry, dict[str, Any]]:
        work = copied(directory.resolve(), home / "root", self.target.region)
        given = home / "variables.tfvars.json"
        given.write_text(json.dumps(dict(variables), default=str))
        entry = self._new_entry(str(work), str(given))
        environment = without_data_directory(self.target.environment) | {f"{_DEFAULT_TAGS}{TAG}": entry.name}
        executable = find_terraform(environment).path
        with self._shielded() as interrupts:
            terraform = Terraform(
                work, environment, home / "terraform.log", interrupts=interrupts, executable=executable
            )
            self._say(f"{directory.name}: terraform plan")
            without_log(lambda: init_from_anywhere(terraform))
            plan = home / "apply.tfplan"
            without_log(lambda: terraform.plan(given, keep=plan))
            shown = terraform.shown(plan)
            _check_providers(shown, directory)
            changes = shown.get("resource_changes", [])
            _check_tags(changes, entry.name)
            planned = leftovers.names(changes, created=True)
            self._check_free([*planned, *_log_groups(planned)])
            entry = self._noted(scope, replace(entry, resources=planned))
            scope.terraform[entry.name] = terraform
            self._say(f"{directory.name}: terraform apply, {len(changes)} resources")
            without_log(lambda: terraform.apply_plan(plan))
            made = leftovers.names(list(_in_state(terraform.shown())))  # also what got its name only now
            entry = self._add(scope, entry, made)
            self._make_log_groups(scope, entry, [group for group in _log_groups(made) if group not in made])
            return entry, without_log(terraform.output)

    def _check_free(self, names: Sequence[tuple[str, str]]) -> None:
        nobodys = self._new_entry("", "")
        if taken := leftovers.taken(self.target, nobodys, names):
            where = f"account {self.target.account_id}, {self.target.region}"
            raise EnvironmentFailure(
                f"{', '.join(map(str, taken))} stands in {where} already, and this test didn't make it: give it "
                "another name, such as by a variable, or remove it yourself."
            )

    def _make_log_groups(self, scope: Scope, entry: Entry, groups: Sequence[tuple[str, str]]) -> None:
        """Make what Lambda would make itself at the first line, untagged and for good."""
        for kind, name in groups:
            entry = self._add(scope, entry, [(kind, name)])
            client = self.target.client("logs")
            with suppress(client.exceptions.ResourceAlreadyExistsException):  # an event was faster: the name was free
                client.create_log_group(logGroupName=name)
            arn = f"{_arn(self.target, 'logs')}:log-group:{name}"
            client.tag_resource(resourceArn=arn, tags={TAG: entry.name})

    # Taken down

    def take_down(self, scope: Scope) -> None:
        """Take down all that a scope made, the latest first. Raises LeftBehind for the first that doesn't go."""
        with self._shielded() as interrupts, interrupts.taking_down():
            self._take_down(scope, list(reversed(scope.entries)), interrupts)

    def take_down_one(self, scope: Scope, name: str) -> None:
        """Take down what one note tells of, given by its name. Raises LeftBehind."""
        with self._shielded() as interrupts, interrupts.taking_down():
            self._take_down(scope, [entry for entry in scope.entries if entry.name == name], interrupts)

    def _take_down(self, scope: Scope, entries: Sequence[Entry], interrupts: Interrupts) -> None:
        left: LeftBehind | None = None
        for entry in entries:
            try:
                self._remove(scope.terraform.get(entry.name), entry, interrupts)
                scope.entries.remove(entry)
            except LeftBehind as error:  # the others go all the same
                left = left or error
        if left is not None:
            raise left

    def _remove(self, terraform: Terraform | None, entry: Entry, interrupts: Interrupts) -> None:
        def destroy() -> EnvironmentFailure | None:
            if terraform is None:
                return None
            try:
                replace(terraform, interrupts=interrupts).destroy(Path(entry.var_file))
            except EnvironmentFailure as failure:
                return failure
            return None

        take_down_noted(self.target, entry, destroy)
        self._journal.erase(entry)
        if entry.directory:
            shutil.rmtree(Path(entry.var_file).parent)

    def close(self) -> None:
        """Look whether Lambda wrote a last line of a function that is gone, and leave the session's directory."""
        if self._owned is None:
            return
        try:
            self._delete_revived_log_groups()
        finally:
            self._owned.release()

    def _delete_revived_log_groups(self) -> None:
        """Delete log groups that an execution's end has made again: untagged, of functions that only tests had."""
        entry = replace(self._new_entry("", ""), tag="")
        functions = [(_FUNCTION, name) for name in sorted(self.functions)]
        standing = {one.name for one in leftovers.taken(self.target, entry, functions)}
        groups = _log_groups([one for one in functions if one[1] not in standing])
        for group in leftovers.taken(self.target, entry, groups):
            leftovers.delete(self.target, group)

    @property
    def standing(self) -> str | None:
        """What may stand of this session and how it is removed, as a sentence; None when nothing does."""
        mine = [entry.name for entry in self._journal.entries(self.target.name) if entry.run == str(self._work)]
        if not mine:
            return None
        where = f"account {self.target.account_id}, {self.target.region}"
        remedy = program.command(f"destroy --target {self.target.name}")
        return f"{', '.join(mine)} may stand in {where}. Remove it with: {remedy}"

    # Inside

    def _new_entry(self, directory: str, var_file: str) -> Entry:
        return Entry(
            target=self.target.name,
            account_id=self.target.account_id,
            region=self.target.region,
            name=f"{TAG}-{self._token}-{self._notes + 1}",
            directory=directory,
            var_file=var_file,
            run=str(self._work),
            tag=TAG,
        )

    def _noted(self, scope: Scope, entry: Entry) -> Entry:
        self._own_work()
        self._journal.write(entry)
        scope.entries.append(entry)
        self._notes += 1
        self._count(entry.resources)
        return entry

    def _add(self, scope: Scope, entry: Entry, made: Sequence[tuple[str, str]]) -> Entry:
        new = sorted({*made} - {*entry.resources})
        if not new:
            return entry
        noted = replace(entry, resources=(*entry.resources, *new))
        self._journal.write(noted)
        scope.entries[[each.name for each in scope.entries].index(entry.name)] = noted
        self._count(new)
        return noted

    def _count(self, resources: Sequence[tuple[str, str]]) -> None:
        self.made += len(resources)
        self.functions |= dict.fromkeys((name for kind, name in resources if kind == _FUNCTION), self.target.now())

    def _own_work(self) -> None:
        if self._owned is None:
            self._work.mkdir(parents=True)
            self._owned = Owned(self._work)

    @contextmanager
    def _shielded(self) -> Iterator[Interrupts]:
        """Let Ctrl-C end the tests after what is being made, or taken down, is whole."""
        try:
            with Interrupts(self._say) as interrupts:
                yield interrupts
        except (Interrupted, Abandoned) as ended:
            raise KeyboardInterrupt from ended


def _arn(target: Target, service: str) -> str:
    partition = target.session.get_partition_for_region(target.region)
    return f"arn:{partition}:{service}:{target.region}:{target.account_id}"


def log_group_arn(target: Target, function: str) -> str:
    """Return the ARN of a function's own log group."""
    return f"{_arn(target, 'logs')}:log-group:/aws/lambda/{function}"


def _log_groups(made: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the log groups that Lambda makes for functions among these."""
    return [(_LOG_GROUP, f"/aws/lambda/{name}") for kind, name in made if kind == _FUNCTION]


def _in_state(shown: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a state's resources in the form of a plan's changes."""
    modules = [shown.get("values", {}).get("root_module", {})]
    while modules:
        module = modules.pop()
        modules += module.get("child_modules", [])
        for resource in module.get("resources", []):
            yield {
                "type": resource["type"],
                "mode": resource["mode"],
                "change": {"before": None, "after": resource.get("values"), "actions": ["no-op"]},
            }


def _check_providers(shown: Mapping[str, Any], directory: Path) -> None:
    """Refuse AWS providers of another account or region: nobody would look there for what is left."""
    for key, provider in shown.get("configuration", {}).get("provider_config", {}).items():
        if provider.get("full_name") != AWS_PROVIDER:
            continue
        elsewhere = [name for name in _LEADS_ELSEWHERE if _is_given(provider.get("expressions", {}).get(name))]
        if key != "aws" or elsewhere:
            why = f"has {elsewhere[0]}" if elsewhere else "is another one beside the default"
            raise UsageError(
                f"The provider {key} of {directory} {why}: on AWS a test's Terraform works in one region of one "
                "account, with the credentials that the tests have."
            )


def _is_given(expression: Any) -> bool:
    return bool(expression) and expression != {"constant_value": None}


def _check_tags(changes: Sequence[Mapping[str, Any]], name: str) -> None:
    """Refuse a provider that doesn't set the tag by which what tests make is known."""
    for change in changes:
        after = (change["change"].get("after") or {}) if "create" in change["change"]["actions"] else {}
        if "tags_all" in after and (after["tags_all"] or {}).get(TAG) != name:
            raise UsageError(
                f"{change['address']} would be made without the tag {TAG}: that needs version 5.62 or later of "
                "Terraform's AWS provider, and no tag of that name in your code."
            )
