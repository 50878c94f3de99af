"""The group of all commands, and the one place where errors become messages and exit codes."""

import os
import sys
import traceback
from importlib import import_module
from io import TextIOWrapper
from typing import Any, NoReturn

import click

from jupyter_deployfeedback import __version__
from jupyter_deployfeedback.errors import DeployFeedbackError
from jupyter_deployfeedback.run_process import skip_iri_grammar

COMMANDS = {
    "demo": "demo",
    "init": "project",
    "check": "project",
    "import": "imports",
    "doctor": "project",
    "run": "run",
    "work": "run",
    "standby": ".run_process.standby",
    "show": "history",
    "export": "history",
    "list": "history",
    "compare": "history",
    "waive": "history",
    "release": "history",
    "trust": "trust",
}
"""Command -> the module that holds it, seen from this package; imported only when the command is used."""

INTERRUPTED = 130


class Commands(click.Group):
    """The commands, imported when used: a command should not wait for what another one needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in the order in which a user meets them; those of the server are its own."""
        return [name for name in COMMANDS if name not in {"work", "standby"}]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return a command; None for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f".{COMMANDS[cmd_name]}", __package__)
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jupyter deployfeedback")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def group(**_: Any) -> None:  # noqa: ANN401 - click passes its options by name
    """Feedback about a deployed model, before you tag a release."""


def main() -> NoReturn:
    """Run the command line; errors end with one message on stderr and their exit code."""
    skip_iri_grammar()
    _complete_streams()
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        code = group.main(arguments, prog_name="jupyter deployfeedback", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(INTERRUPTED)
    except DeployFeedbackError as error:
        if debug:
            traceback.print_exc()
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last resort: a defect of ours must not look like a verdict
        if debug:
            traceback.print_exc()
        name = type(error).__name__
        click.echo(f"Internal error: {name}: {error}\nRun again with --debug and report what it shows.", err=True)
        sys.exit(DeployFeedbackError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _complete_streams() -> None:
    """Open the standard streams that are closed (``>&-``), so that no file takes their place.

    What the character set of a stream lacks is written as an escape instead of ending the command.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    for descriptor, name in enumerate(("stdout", "stderr"), start=1):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(descriptor, "w", closefd=False))
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
