"""The command line: ``case-returns COMMAND``. One file a command group; a command's file is imported when it is run.

Exit status: 0 done, 1 the answer is no or it could not be done, 2 wrong usage.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NoReturn

import click

from service import __version__
from service.errors import CaseReturnsError

_COMMANDS = {
    "demo": ("demo", "Run the whole service with a synthetic country, on this machine."),
    "serve": ("serve", "Run the service."),
    "migrate": ("serve", "Bring the database to what this release needs."),
    "rejudge": ("rejudge", "Judge sealed returns again where anything remains."),
    "reconcile": ("reconcile", "Check every stored figure against what the cases say."),
    "doctor": ("serve", "Say whether this machine has what the service needs."),
    "clients": ("clients", "Make, list and disable the clients that may call the service."),
    "token": ("clients", "Print an access token, for curl."),
    "template": ("template", "Write an empty sheet to be filled in."),
    "validate": ("files", "Check a file where it is: no server, no network."),
    "map": ("map", "Say which column of your own file is which field."),
    "tally": ("files", "Judge a file under a scope edition where it is."),
    "pack": ("pack", "Make one file that installs and runs without any network."),
    "generate": ("files", "Write synthetic rows of one force, clean or messy."),
    "submit": ("submit", "Send a file to the service, and seal the return."),
    "contracts": ("published", "Check everything that is published."),
    "scope": ("scope", "Check a scope edition, compare two, or print one in words or as SQL."),
    "terms": ("terms", "Check an edition of the terms, compare two, or print one in words."),
    "kit": ("kit", "Run the conformance kit against this package, a service, or a program."),
    "openapi": ("openapi", "Print the OpenAPI document."),
    "audit": ("audit", "Verify the audit log."),
}
"""By name: the module below ``service.cli``, and what the command is for."""


class _Commands(click.Group):
    """Commands that are imported only when they are asked for, so that each starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's own signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        found = getattr(import_module(f"service.cli.{_COMMANDS[cmd_name][0]}"), cmd_name)
        if not isinstance(found, click.Command):
            raise TypeError(f"service.cli.{_COMMANDS[cmd_name][0]} has no command {cmd_name}")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in _COMMANDS.items()])


@click.group(cls=_Commands, epilog="Example: case-returns demo")
@click.version_option(__version__, prog_name="case-returns")
def command() -> None:
    """Case Returns: forces report their cases, and the national picture says what it knows and what it does not."""


def main() -> NoReturn:
    """Run the command line; errors are told in words, never as a traceback."""
    try:
        status = command(prog_name="case-returns", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except CaseReturnsError as error:
        say(error)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] == "service":
            raise
        says = f"This command needs {error.name}, which is not installed: a pack has what works on files alone."
        click.echo(f"{says} Install the whole of case-returns for it.", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone: nothing is left to say
        sys.exit(1)
    except OSError as error:  # 1 says that a row cannot be accepted: a full disk is another thing
        where = f": {error.filename}" if error.filename else ""
        click.echo(f"{click.style('Error:', fg='red', bold=True)} {error.strerror or error}{where}.", err=True)
        click.echo("Make room, or name another place, and run it again.", err=True)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)


def say(error: CaseReturnsError) -> None:
    """An error for a person: what is wrong, and what to do."""
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {error.says}", err=True)
    if error.do:
        click.echo(error.do, err=True)
