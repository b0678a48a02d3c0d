"""``case-returns submit``: a file, over the API, into the return of a period; and its seal."""

from __future__ import annotations

import base64
import getpass
import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.calling import SHOWN, Caller
from service.cli.output import Advance, progress
from service.errors import Conflict

if TYPE_CHECKING:
    import httpx

    from service.identity.clients import ClientKey

_CHUNK = 256 << 10
_PARTS = {"cases": "cases", "case": "cases", "aggregates": "aggregates", "aggregate": "aggregates"}


@click.command(epilog="Example: case-returns submit cases.csv --key kent.json --period 2026-10 --mode snapshot --seal")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Key file.")
@click.option("--period", required=True, help="Month of the return, such as 2026-10.")
@click.option("--mode", type=click.Choice(["changes", "snapshot"]), default="changes", show_default=True)
@click.option("--part", type=click.Choice([*_PARTS, "workforce"]), default="cases", show_default=True)
@click.option("--contract", "version", help="Version of the contract of the rows [default: the return's].")
@click.option(
    "--mapping",
    "saved",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Sends a file of your own form as this makes the contract's of it: see case-returns map.",
)
@click.option("--dry-run", is_flag=True, help="Check only: nothing is stored.")
@click.option("--seal", is_flag=True, help="Seal the return afterwards.")
@click.option("--name", default=getpass.getuser, help="Who signs the seal [default: your account's name].")
@click.option("--role", default="Data lead", show_default=True, help="In which role.")
def submit(
    file: Path,
    key: Path,
    period: str,
    mode: str,
    part: str,
    version: str | None,
    saved: Path | None,
    dry_run: bool,
    seal: bool,
    name: str,
    role: str,
) -> None:
    """Send a file to the service, and seal the return.

    Opens the return of the period if it is not open, sends the file, and prints what it came to with the first
    findings. With --mapping all of the file is translated first, and only what that says leaves this machine. Exit
    status 1 when rows are held, or when the return cannot be sealed.
    """
    import httpx

    from service.identity.clients import read_key

    if dry_run and seal:
        raise click.UsageError("A dry run stores nothing: there is nothing to seal.")
    names: Mapping[str, str] = {}
    with ExitStack() as stack:
        if saved is not None:
            file, names, version, part = stack.enter_context(_in_our_form(file, saved, version))
        http = stack.enter_context(httpx.Client(timeout=httpx.Timeout(30, read=900, write=900)))
        service = _Service(http, read_key(key), period)
        service.open(version)
        answer = service.send(file, _PARTS.get(part, part), mode, dry_run=dry_run)
        click.echo(_counted(answer))
        if any(answer["findings"].values()):
            service.print_findings(names)
        if answer["held"]:
            raise SystemExit(1)
        if seal:
            receipt = service.seal(name, role)
            click.echo(f"Sealed: {receipt['number']}, signed by {name}, at {receipt['sealed_at']}")


@contextmanager
def _in_our_form(file: Path, saved: Path, version: str | None) -> Iterator[tuple[Path, Mapping[str, str], str, str]]:
    """A file as its mapping makes the contract's of it, for as long as it is sent, where nobody else can read it; the
    sender's names of the columns, the contract's version and the part. All is translated before anything is sent."""
    from service.cli.map import mapping_in, media_to_map
    from service.returns.readers import FileSource
    from service.returns.translate import translated

    mapping, contract, part = mapping_in(saved, version)
    with tempfile.TemporaryDirectory(prefix="case-returns-") as folder:  # of mode 0700
        made = Path(folder) / f"{file.stem}.csv"
        with made.open("wb") as out:
            out.writelines(translated(FileSource(file), media_to_map(file), part, contract, mapping))
        yield made, mapping.own_name, contract.version, part.name.value


class _Service:
    """The API as one force uses it for one return."""

    def __init__(self, http: httpx.Client, key: ClientKey, period: str) -> None:
        self._caller = Caller(http, key, key.audience)
        self._ask, self._origin = self._caller.ask, key.audience
        self._return = f"{self._caller.returns}/{period}"

    def open(self, version: str | None) -> None:
        """Open the return, or go on with the open one."""
        body = {} if version is None else {"contract_version": version}
        opened = self._ask("PUT", self._return, json=body)
        state = "opened" if opened.status_code == 201 else "is open"
        document = opened.json()
        self._check_contract(document["contract_version"])
        click.echo(f"The return of {document['force']} for {document['period']} {state}.", err=True)

    def _check_contract(self, version: str) -> None:
        """That the version there is the one of this package: the same name never stands for other content."""
        from service.contract.library import load_library

        published = self._ask("GET", f"{self._origin}/api/contracts/{version}").json()
        known = load_library().contracts.get(version)
        if known is not None and known.state != "draft" and known.hash != published["hash"]:
            raise Conflict(
                f"Contract version {version} of this package is not the one that the service has.",
                "Nothing was sent. Bring this package up to date; if it is, tell whoever runs the service.",
                code="contract-changed",
            )

    def send(self, file: Path, part: str, mode: str, *, dry_run: bool) -> dict[str, Any]:
        """Send the file with its digest; what it came to."""
        from service.returns.readers import MEDIA, media_of_name

        media = media_of_name(file.name)
        if media is None:
            raise click.UsageError(f"{file.name}: call it .csv, .xlsx, .ndjson or .json ({', '.join(MEDIA)}).")
        query = ({"mode": mode} if part == "cases" else {}) | ({"dry_run": "true"} if dry_run else {})
        with progress(f"Sending {file.name}", "bytes") as advance:
            headers = {
                "Content-Type": media,
                "Content-Length": str(file.stat().st_size),
                "Content-Digest": f"sha-256=:{_digest(file)}:",
            }
            verb = "POST" if part == "cases" else "PUT"
            came = self._ask(
                verb, f"{self._return}/{part}", params=query, content=_pieces(file, advance), headers=headers
            )
        answer: dict[str, Any] = came.json()
        return answer

    def print_findings(self, names: Mapping[str, str]) -> None:
        """The first findings, one a line; columns under the sender's own names, where it has others."""
        page = self._ask("GET", f"{self._return}/findings", params={"limit": str(SHOWN)}).json()
        for item in page["items"]:
            place = "the whole return" if item["part"] == "return" else f"{item['part']} row {item['row']}"
            field = f", {names.get(item['field'], item['field'])}" if item["field"] else ""
            click.echo(f"  {item['severity']} {item['rule']}, {place}{field}: {item['says']} {item['fix']}")
        if page["next"]:
            click.echo(f"  ... and more: {self._return}/findings")

    def seal(self, name: str, role: str) -> dict[str, Any]:
        """Sign the return as it is now; the receipt."""
        return self._caller.seal(self._return, name, role)


def _pieces(file: Path, advance: Advance) -> Iterator[bytes]:
    size, sent = file.stat().st_size, 0
    with file.open("rb") as content:
        while piece := content.read(_CHUNK):
            yield piece
            sent += len(piece)
            advance(sent, size)


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return base64.b64encode(hashlib.file_digest(content, "sha256").digest()).decode()


def _counted(answer: dict[str, Any]) -> str:
    counts = ("accepted", "new", "changed", "unchanged", "held", "not_in_snapshot")
    listed = ", ".join(f"{answer[name]:,} {name.replace('_', ' ')}" for name in counts)
    findings = ", ".join(f"{count:,} {name}" for name, count in answer["findings"].items())
    return f"{answer['received']:,} rows received: {listed}. Findings: {findings}."
