"""The command line: parse, call, print. One file for each group of commands."""

from async_lab.cli.app import app
from async_lab.cli.destroy import destroy
from async_lab.cli.diagnose import diagnose
from async_lab.cli.local import local
from async_lab.cli.machine import doctor, package
from async_lab.cli.run import list_scenarios, run

app.command()(run)
app.command("scenarios")(list_scenarios)
app.command()(diagnose)
app.command()(local)
app.command()(destroy)
app.command()(doctor)
app.command()(package)

__all__ = ["app"]
