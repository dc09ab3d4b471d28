"""``redrive``: invoke failed events again."""

from __future__ import annotations

import json as json_format
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from async_lab.cli.console import confirm, console, failure_of, note
from async_lab.cli.options import EndpointOption, ProfileOption, RegionOption, number, text
from async_lab.cli.places import asked, check_place, function_named
from async_lab.errors import EnvironmentFailure, ExitCode, Interrupted, LabError, LeftBehind, UsageError
from async_lab.wording import count, plural, shortened

if TYPE_CHECKING:
    from async_lab.redrive import Plan, Selection, Sent, Store
    from async_lab.target.base import Target

_SPAN = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>s|min|m|h|d)")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}
_MOST_SECONDS = 10 * 366 * 86_400
_FEWEST_PER_SECOND, _MOST_PER_SECOND = 0.1, 1_000
EXAMPLES = """Examples: async-lab redrive orders-failed --dry-run

async-lab redrive orders-failed --condition EventAgeExceeded --since 3h --rate 5

async-lab redrive orders-dead-letters --to orders:live

An event is invoked at least once: if the command is killed between Lambda's acceptance and the deletion, the next \
redrive invokes that event again. Nothing is lost, whenever it is killed.

Exit codes: 0 all were invoked and deleted, or none was there; 1 some were not; 2 used wrongly; 3 AWS failed; \
4 some were invoked and could not be deleted; 130 interrupted."""


def moment(given: str) -> Callable[[float], float]:
    """Return what gives a moment in epoch seconds, from the present one: a span ago, or a date and time.

    Raises BadParameter for what is neither.
    """
    if match := _SPAN.fullmatch(given.strip()):
        seconds = float(match["number"]) * _UNITS[match["unit"]]
        if seconds <= _MOST_SECONDS:
            return lambda now: now - seconds
    try:
        at = datetime.fromisoformat(given.strip())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise typer.BadParameter(
            f'"{shortened(given)}" must be a span of time, such as 3h or 2d, or a time with its zone, '
            "such as 2026-11-23T08:00:00Z."
        )
    seconds_at = at.timestamp()
    return lambda _now: seconds_at


Moment = Callable[[float], float]


def redrive(
    source: Annotated[
        str | None,
        typer.Argument(
            help="The queue (name, URL, ARN) or bucket (name, s3://NAME, ARN) that the failed events are in.",
            metavar="QUEUE|BUCKET",
            parser=text,
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    function: Annotated[
        list[str] | None,
        typer.Option(help="Only events of this function, or of these.", metavar="NAME", show_default=False),
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            help="Only events that failed for this, such as RetriesExhausted, EventAgeExceeded, "
            "ZeroReservedConcurrency.",
            metavar="CONDITION",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        Moment | None,
        typer.Option(
            help="Only events that failed since: 3h, 2d, a time.", parser=moment, metavar="WHEN", show_default=False
        ),
    ] = None,
    until: Annotated[
        Moment | None,
        typer.Option(
            help="Only events that failed before: 3h, 2d, a time.", parser=moment, metavar="WHEN", show_default=False
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            help="Invoke this function instead of the one that failed; dead letters need it.",
            metavar="FUNCTION[:QUALIFIER]",
            show_default=False,
        ),
    ] = None,
    rate: Annotated[
        float,
        typer.Option(
            help="Events a second, at most.", parser=number(_FEWEST_PER_SECOND, _MOST_PER_SECOND), metavar="N"
        ),
    ] = 10,
    payloads: Annotated[bool, typer.Option("--payloads", help="Print the events' payloads, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    endpoint_url: EndpointOption = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
    policy: Annotated[bool, typer.Option("--policy", help="Print the IAM policy that it needs, and end.")] = False,
) -> None:
    """Invoke failed events again that a failure destination or a dead-letter queue keeps.

    Each is invoked as it was, asynchronously, and deleted where it is once Lambda has accepted it.
    """  # fmt: skip
    from async_lab import redrive as redriving

    receiver = None if to is None else function_named(to)
    if policy:
        functions = frozenset(function or ()) if receiver is None else frozenset({receiver["name"]})
        typer.echo(json_format.dumps(redriving.policy(source, functions), indent=2))
        return
    if source is None:
        raise UsageError("Name the queue or the bucket that the failed events are in.")
    target = asked(endpoint_url, region, profile)
    if receiver is not None:
        check_place(receiver, target)
    selection = _selection(target.now(), function, condition, since, until, receiver)
    job = _Job(redriving.open_store(target, source), target, rate, as_json=json)
    job.look(selection, keeps_payloads=payloads)
    if dry_run or not job.plan.events:
        job.end(None)
        if dry_run and job.plan.events and not json:
            typer.echo(f"Nothing was changed. To do it: {_without_dry_run()}")
        return
    confirm(yes=yes)
    job.run()


def _selection(
    now: float,
    functions: list[str] | None,
    conditions: list[str] | None,
    since: Moment | None,
    until: Moment | None,
    receiver: re.Match[str] | None,
) -> Selection:
    from async_lab.observation.configuration import LATEST
    from async_lab.redrive import Invoked, Selection

    return Selection(
        functions=frozenset(function_named(one)["name"] for one in functions or ()),
        conditions=frozenset(conditions or ()),
        after=None if since is None else since(now),
        before=None if until is None else until(now),
        to=None if receiver is None else Invoked(receiver["name"], receiver["qualifier"] or LATEST),
    )


def _without_dry_run() -> str:
    from async_lab.checkout import program

    return program.command(shlex.join(argument for argument in sys.argv[1:] if argument != "--dry-run"))


@dataclass
class _Job:
    """One redrive, and what is printed of it."""

    store: Store
    target: Target
    per_second: float
    as_json: bool
    plan: Plan = field(init=False)
    sent: list[Sent] = field(default_factory=list)

    def look(self, selection: Selection, *, keeps_payloads: bool) -> None:
        """Find out what there is to do, and print it."""
        from async_lab import redrive as redriving
        from async_lab.report.redrive import RedriveProgress, show_plan

        for remark in self.store.remarks():
            note(remark)
        with RedriveProgress(console(stderr=True), self.store) as progress:
            self.plan = redriving.look(
                self.store, self.target, selection, keeps_payloads=keeps_payloads, tell=progress.looked_at
            )
        show_plan(console(stderr=self.as_json), self.store, self.target, self.plan, self.per_second)

    def run(self) -> None:
        """Do it. Raises typer.Exit, LeftBehind, Interrupted or EnvironmentFailure when not all was done."""
        from async_lab.target.aws_errors import aws_errors

        ended: LabError | None = None
        try:
            self._send()
        except KeyboardInterrupt:
            ended = Interrupted(
                f"Interrupted: {count(self._done)} of {plural(len(self.plan.events), 'event')} were invoked again and "
                "deleted, the others are where they were. The same command goes on."
            )
        except LabError as error:
            ended = error
        except aws_errors() as error:
            ended = EnvironmentFailure(str(error))
        except Exception as error:
            self.end(error)
            raise
        left = self._left()
        self.end(left or ended)
        if left:
            raise left from ended
        if ended:
            raise ended
        if self._done < len(self.plan.events):
            raise typer.Exit(ExitCode.NOT_AS_EXPECTED)

    def _left(self) -> LeftBehind | None:
        from async_lab.redrive import Verdict

        undeleted = sum(one.verdict is Verdict.NOT_DELETED for one in self.sent)
        if not undeleted:
            return None
        events = f"{plural(undeleted, 'event')} {'was' if undeleted == 1 else 'were'}"
        return LeftBehind(
            f"{events} invoked again and could not be deleted from {self.store.title}: "
            "what you don't delete there, the next redrive invokes once more."
        )

    def _send(self) -> None:
        from async_lab import redrive as redriving
        from async_lab.report.redrive import RedriveProgress

        with RedriveProgress(console(stderr=True), self.store) as progress:
            for one in redriving.send(self.store, self.plan, self.target, self.per_second):
                self.sent.append(one)
                progress.sent(len(self.sent), len(self.plan.events))

    @property
    def _done(self) -> int:
        from async_lab.redrive import Verdict

        return sum(one.verdict is Verdict.SENT for one in self.sent)

    def end(self, error: Exception | None) -> None:
        """Print what was done, if anything was to be."""
        from async_lab.redrive.document import text
        from async_lab.report.redrive import show_outcome

        failure = None if error is None else failure_of(error)
        was_run = bool(self.sent) or error is not None
        if self.as_json:
            known = None if failure is None else asdict(failure)
            typer.echo(text(self.store, self.target, self.plan, self.sent if was_run else None, known), nl=False)
        elif was_run:
            show_outcome(console(), self.plan, self.sent)
