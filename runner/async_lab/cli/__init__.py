"""The command line: parse, call, print. One file for each group of commands."""

from async_lab.cli.app import Command, app
from async_lab.cli.destroy import destroy
from async_lab.cli.diagnose import diagnose
from async_lab.cli.local import local
from async_lab.cli.machine import doctor, package
from async_lab.cli.redrive import EXAMPLES as REDRIVE_EXAMPLES
from async_lab.cli.redrive import redrive
from async_lab.cli.reports import compare, export, list_runs, report, show
from async_lab.cli.run import EXAMPLES, list_scenarios, run

_LAB, _OWN, _RESULTS, _PLACE = "The lab", "Your functions", "What runs have shown", "This machine and your account"

app.command(cls=Command, rich_help_panel=_LAB, epilog=EXAMPLES)(run)
app.command("scenarios", cls=Command, rich_help_panel=_LAB)(list_scenarios)
app.command(cls=Command, rich_help_panel=_LAB)(local)
app.command(cls=Command, rich_help_panel=_OWN)(diagnose)
app.command(cls=Command, rich_help_panel=_OWN, epilog=REDRIVE_EXAMPLES)(redrive)
app.command(cls=Command, rich_help_panel=_RESULTS)(report)
app.command("runs", cls=Command, rich_help_panel=_RESULTS)(list_runs)
app.command(cls=Command, rich_help_panel=_RESULTS)(show)
app.command(cls=Command, rich_help_panel=_RESULTS)(compare)
app.command(cls=Command, rich_help_panel=_RESULTS)(export)
app.command(cls=Command, rich_help_panel=_PLACE)(doctor)
app.command(cls=Command, rich_help_panel=_PLACE)(destroy)
app.command(cls=Command, rich_help_panel=_PLACE)(package)

__all__ = ["app"]
