"""``case-returns kit``: the conformance kit, run against this package, a service, or somebody else's program."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service import __version__
from service.cli.output import as_json, progress
from service.cli.standard import CONTRACT_HELP, standard
from service.errors import CaseReturnsError

if TYPE_CHECKING:
    from service.cli.calling import Caller
    from service.contract.library import Library
    from service.contract.notices import Notice
    from service.kit.compare import Certificate, Outcome
    from service.kit.expected import File
    from service.kit.model import Kit
    from service.kit.run import Advance, Chosen, Results

_ENDINGS = ("csv", "json", "ndjson", "xlsx")
_TOLD = 20
"""So many failures a table tells; JSON has all of them."""


@click.group(epilog="Example: case-returns kit run --offline")
def kit() -> None:
    """The conformance kit: returns with exactly what must be found in them."""


@kit.command("run", epilog='Example: case-returns kit run --command "my-program {file} {media} {part} {version}"')
@click.option("--offline", is_flag=True, help="Run it through the validator and the tally of this package.")
@click.option(
    "--command", "words", help="Run it through a program: {file} {media} {part} {version} {previous} are filled in."
)
@click.option("--against", metavar="URL", help="Run it through a service, with the --key of a force without returns.")
@click.option("--key", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Key file, for --against.")
@click.option("--period", help="Month of the returns that --against opens [default: the first that takes the version].")
@click.option(
    "--seal", is_flag=True, help="With --against: seal returns too, and withdraw them. Only on a trial service."
)
@click.option("--contract", "version", help=CONTRACT_HELP)
@click.option("--media", "endings", multiple=True, type=click.Choice(_ENDINGS), help="Only these [default: all].")
@click.option("--example", "examples", multiple=True, help="Only these, such as V220 or case/V220.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def run(
    offline: bool,
    words: str | None,
    against: str | None,
    key: Path | None,
    period: str | None,
    seal: bool,
    version: str | None,
    endings: tuple[str, ...],
    examples: tuple[str, ...],
    form: str,
) -> None:
    """Run the kit, and print a certificate.

    Exit status 0 where everything came as it must, 1 where anything did not, 2 where nothing could be run.
    """
    from service.kit.model import MEDIA
    from service.kit.read import load_kit
    from service.kit.run import Chosen
    from service.scope.published import published_editions

    if sum((offline, words is not None, against is not None)) != 1:
        raise click.UsageError("Say one of --offline, --command and --against.")
    if (against is None) != (key is None):
        raise click.UsageError("--against and --key belong together.")
    library, contract = standard(version)
    made = load_kit(library, published_editions(library), contract.version)
    chosen = Chosen(examples=examples, endings=endings or tuple(MEDIA))
    with progress("Running the kit", "examples") as advance:
        if words is not None:
            certificate = _of_command(made, words, chosen, advance)
        elif against is not None and key is not None:
            certificate = _of_service(made, against, key, period, chosen, advance, may_seal=seal)
        else:
            certificate = _of_package(made, library, chosen, advance)
    click.echo(as_json(certificate) if form == "json" else "\n".join(_told(certificate)))
    if not certificate.files:
        raise SystemExit(2)
    if not certificate.holds:
        raise SystemExit(1)


def _of_package(made: Kit, library: Library, chosen: Chosen, advance: Advance) -> Certificate:
    from service.kit.offline import outcome_of
    from service.kit.run import run_files

    results = run_files(made, chosen, lambda file: outcome_of(made, library, file), advance)
    return _certificate(results, made, program=f"case-returns {__version__}", against="offline")


def _of_command(made: Kit, command: str, chosen: Chosen, advance: Advance) -> Certificate:
    from service.kit.command import ProgramFailed, ask_program, takes_previous, words_of
    from service.kit.compare import Outcome
    from service.kit.run import run_files

    try:
        words = words_of(command)
    except CaseReturnsError as error:
        raise click.UsageError(f"{error.says} {error.do}") from error
    if shutil.which(words[0]) is None:
        raise click.UsageError(f"There is no program '{words[0]}'.")
    with tempfile.TemporaryDirectory(prefix="kit-") as folder:

        def ask(file: File) -> Outcome:
            try:
                return ask_program(made, words, file, Path(folder))
            except ProgramFailed as error:
                return Outcome(trouble=str(error))

        results = run_files(made, chosen, ask, advance, with_previous=takes_previous(words))
    return _certificate(results, made, program=command, against="command")


def _of_service(
    made: Kit, url: str, file: Path, period: str | None, chosen: Chosen, advance: Advance, *, may_seal: bool
) -> Certificate:
    import httpx

    from service.cli.calling import Caller
    from service.cli.kit_service import ServiceRun
    from service.clock import london_date, system_clock
    from service.identity.clients import read_key
    from service.kit.noticed import under_notices

    origin = url.rstrip("/").removesuffix("/api")
    with httpx.Client(timeout=httpx.Timeout(30, read=300)) as http:
        caller = Caller(http, read_key(file), origin)
        month = period or _first_period(caller, origin, made.contract.version)
        noticed = under_notices(made, _notices_of(caller, origin), london_date(system_clock()))
        results = ServiceRun(caller, made, month, may_seal=may_seal, noticed=noticed).run(chosen, advance)
        said = caller.ask("GET", f"{origin}/api/openapi.json").json()["info"]
    return _certificate(results, made, program=f"{said['title']} {said['version']}", against=origin)


def _notices_of(caller: Caller, origin: str) -> list[Notice]:
    """The rule notices that came into force at the service; of one that knows of none there are none."""
    from service.cli.notices import adopted_in

    answered = caller.try_to("GET", f"{origin}/api/rule-notices")
    return adopted_in(answered.json()["items"]) if answered.is_success else []


def _first_period(caller: Caller, origin: str, version: str) -> str:
    """The first period for which the service takes the version; where it takes it for none, it says so itself."""
    current = caller.ask("GET", f"{origin}/api").json()["terms"]
    terms = caller.ask("GET", f"{origin}/api/terms/{current}").json()
    starts = [str(item["from"]) for item in terms["contracts"] if item["version"] == version]
    return max(str(terms["calendar"]["first"]), *starts)


def _certificate(results: Results, made: Kit, *, program: str, against: str) -> Certificate:
    from service.clock import system_clock, wire_time

    return results.certificate(made, program=program, against=against, at=wire_time(system_clock()))


def _told(certificate: Certificate) -> list[str]:
    """The certificate for a person."""
    lines = [
        f"Conformance kit of contract {certificate.contract_version}, {certificate.at}",
        f"Kit:       {certificate.pack}",
        f"Contract:  {certificate.contract}",
        f"Program:   {certificate.program}",
        f"Run:       {certificate.against}",
        f"Examples:  {certificate.examples:,} of {certificate.of:,}",
        f"Files:     {certificate.files:,}, passed {certificate.passed:,}, failed {certificate.failed:,}"
        + (f", differ by a rule notice {certificate.noticed:,}" if certificate.noticed else ""),
    ]
    for failure in certificate.failures[:_TOLD]:
        lines += ["", f"{failure.file}: {failure.about}"]
        for item in failure.differences:
            lines.append(f"  {item.what}: expected {_short(item.expected)}, came {_short(item.came)}")
    if certificate.failed > _TOLD:
        lines += ["", f"... and {certificate.failed - _TOLD:,} more files: --format json has all of them."]
    if certificate.by_notice:
        lines += ["", "Differ from the published contract by a rule notice that is in force there:"]
        lines += [f"  {each.file}: differs by notice {', '.join(each.notices)}" for each in certificate.by_notice]
    if certificate.not_run:
        lines += ["", "Not run:", *(f"  {item.example}: {item.why}" for item in certificate.not_run)]
    return [*lines, "", _sentence(certificate)]


def _sentence(certificate: Certificate) -> str:
    if not certificate.files:
        return "Nothing was run."
    if not certificate.holds:
        return "The program does not agree with the contract."
    whole = certificate.examples + len(certificate.not_run) == certificate.of
    named = sorted({notice for each in certificate.by_notice for notice in each.notices})
    but = f", but for what rule notice {', '.join(named)} changed" if named else ""
    return f"The program agrees with the contract{'' if whole else ' in what was run'}{but}."


def _short(value: Any) -> str:
    if value is None or value == [] or value == {}:
        return "nothing"
    if isinstance(value, list):
        more = f" and {len(value) - 5} more" if len(value) > 5 else ""
        return "; ".join(map(str, value[:5])) + more
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    return str(value)
