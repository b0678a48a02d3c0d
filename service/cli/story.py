"""``case-returns demo --story``: a change of scope from the first picture to the last, played over the API.

It is a client of the service like any other, with the keys of the demonstration: nothing goes past the API. How far it
came is kept beside the country, so that it goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec
from msgspec import Struct

from service.cli.calling import Client, Refused, refusal
from service.demo.folder import Country, keys_of
from service.errors import Conflict

if TYPE_CHECKING:
    import httpx

A: Final = "2025-11-wide"
B: Final = "2026-02-referral"
_CONTRACT: Final = "2026.1"
_WORDS: Final = "Checked against the case file when the work-list was answered."
_PATIENCE: Final = 600
"""Seconds that returns may take to be judged, and the definition to change over."""


class Stood(Struct, kw_only=True):
    """How far the story came: the positions of the national figures between its chapters."""

    force: str
    period: str
    opening: int | None = None
    switched: int | None = None
    before: tuple[int, int] | None = None
    closing: int | None = None


class Story:
    """One playing of it. ``pause`` waits for the reader, between chapters."""

    def __init__(self, http: httpx.Client, url: str, country: Country, stood: Stood, folder: Path) -> None:
        from service.identity.clients import read_key

        keys = keys_of(folder)
        self.url, self.country, self.stood, self.folder = url, country, stood, folder / "story"
        self.nca = Client(http, read_key(keys / "nca.json"))
        self.npcc = Client(http, read_key(keys / "npcc.json"))
        self.lead = Client(http, read_key(keys / f"{stood.force}.json"))
        self.item = f"{url}/api/forces/{stood.force}/returns/{stood.period}"

    def play(self, pause: Callable[[], None]) -> None:
        """All chapters that were not played yet."""
        if self.stood.closing is not None:
            say(f"The story has been played here: {B} is in force. To see it again, name another folder with --data.")
            self.stands()
            return
        self.refuse_other_beginning()
        chapters = (self.wide, self.simulated, self.confirmed, self.switched, self.asked, self.answered, self.stands)
        for number, chapter in enumerate(chapters, 1):
            if number > 1:
                pause()
            say(f"\n{number}. {chapter.__doc__}\n")
            chapter()

    def refuse_other_beginning(self) -> None:
        """The story begins where the old definition counts."""
        states = {item["edition"]: item["state"] for item in self.get("/scopes")["items"]}
        if self.stood.opening is None and (states.get(A), states.get(B)) != ("in_force", "proposed"):
            raise Conflict(
                f"The story begins where {A} is in force and {B} is proposed; here they are {states.get(A)} and "
                f"{states.get(B)}.",
                "Name another folder with --data.",
            )

    # --- the chapters -----------------------------------------------------------------------------------------------

    def wide(self) -> None:
        """The national picture under the wide definition."""
        if self.stood.opening is None:
            self.remember(opening=self.get("/national/picture")["as_of"]["position"])
        found = self.get("/national/picture", scope=A, as_of=self.stood.opening)
        say(f"Under {A}, {_range(found['totals'])} cases are in scope.")
        coverage = found["coverage"]
        say(f"{coverage['expected']:,} forces are expected to report; {coverage['reported']:,} have reported in time.")
        self.look("/national", f"scope={A}&as_of={self.stood.opening}")

    def simulated(self) -> None:
        """What the definition for referral would do, before anyone is bound by it."""
        found = self.nca.ask("POST", f"{self.url}/api/scopes/{B}/simulate", json={"against": A}).json()
        flips = sum(item["cases"] for item in found["flips"])
        say(f"Of {found['cases']:,} cases, {flips:,} would have another verdict under {B}; in scope {_both(found)}.")
        for item in found["by_missing"]:
            if (item["before"], item["after"]) == ("in_scope", "undetermined"):
                say(f"  Counted now, and undecided then for want of ‘{item['label']}’: {item['cases']:,}.")
        self.look("/national/simulation", f"edition={B}")

    def confirmed(self) -> None:
        """The NCA and the NPCC confirm it, each for itself."""
        for body, client in (("nca", self.nca), ("npcc", self.npcc)):
            draft = client.ask("GET", f"{self.url}/api/scopes/{B}/draft").json()
            if not any(step["step"] == "confirmed" and step["body"] == body for step in draft["steps"]):
                done = client.ask("POST", f"{self.url}/api/scopes/{B}/confirm", json={"hash": draft["hash"]}).json()
                say(f"The {body.upper()} confirms {B}: {' '.join(done['waits_for']) or 'nothing more is waited for.'}")
            else:
                say(f"The {body.upper()} has confirmed {B}.")
        for judged in self.until(lambda found: not found["chains_left"], f"/scopes/{B}/re-judging"):
            say(f"{judged['judged']:,} of {judged['returns']:,} sealed returns are judged under it.")
            for problem in judged["problems"]:
                raise Refused(f"Returns of {problem['force']} could not be judged: {problem['says']}", "")
        self.look(f"/national/scopes/{B}")

    def switched(self) -> None:
        """All figures change over in one step, and the bridge says why."""
        for found in self.until(lambda found: found["state"] == "in_force", f"/scopes/{B}"):
            say(f"{B} is {found['state'].replace('_', ' ')}.")
        if self.stood.switched is None:
            self.remember(switched=self.get("/national/picture")["as_of"]["position"])
        ends = {"from": self.stood.opening, "to": self.stood.switched, "from_scope": A, "to_scope": B}
        self.tell_bridge(self.get("/national/bridge", **ends))
        self.look("/national/bridge", _query(ends))

    def asked(self) -> None:
        """What each force is asked, and one force's work-list."""
        found = self.get("/national/outstanding", scope=B)
        say(f"{found['undetermined']:,} cases and counts of {_forces(found['forces'])} are undetermined. They lack:")
        for item in found["attributes"]:
            say(f"  {item['label']}: {item['cases']:,}, at {_forces(item['forces'])}.")
        self.look("/national/outstanding", f"scope={B}")
        file, asked = self.work_list()
        say(f"The work-list of {self.stood.force} has {len(asked):,} cases. It is stored as {file}")
        self.look(f"/forces/{self.stood.force}/work-list", f"scope={B}", self.stood.force)

    def answered(self) -> None:
        """The force answers, in its return of this month."""
        if self.stood.before is None:
            cell = self.cell()
            self.remember(before=(cell["least"], cell["most"]))
        opened: httpx.Response | None = self.lead.try_to("PUT", self.item, json={"contract_version": _CONTRACT})
        if opened is not None and opened.status_code == 409:
            opened = self.opened_again()
        if opened is not None:
            if not opened.is_success:
                raise refusal(opened)
            self.send_and_seal()
        self.remember(closing=self.get("/national/picture")["as_of"]["position"])
        self.look(f"/forces/{self.stood.force}/returns/{self.stood.period}", "", self.stood.force)

    def stands(self) -> None:
        """The range of that force before and after, and the bridge from one to the other."""
        cell, before = self.cell(as_of=self.stood.closing), self.stood.before or (0, 0)
        say(f"{self.stood.force}: {before[0]:,} to {before[1]:,} before, {_range(cell)} after, of all that it holds.")
        ends = {"from": self.stood.switched, "to": self.stood.closing, "from_scope": B, "to_scope": B}
        bridge = self.get("/national/bridge", **ends, by="force")
        self.tell_bridge(bridge)
        say("Force by force, without what another force leads:")
        for each in bridge["forces"]:
            if each["parts"]:
                say(f"{each['name']}: {_range(each['opening'])}, then {_range(each['closing'])}, by:")
                _tell_parts(each)
        checked = self.get("/national/reconcile")
        if checked["mismatches"]:
            raise Refused(f"{len(checked['mismatches']):,} stored figures are not what the cases say.", "")
        say(f"Read again from the cases, the stored figures of all {checked['returns']:,} returns are right.")
        self.look("/national/bridge", _query(ends))

    # --- what they are made of --------------------------------------------------------------------------------------

    def work_list(self) -> tuple[Path, dict[str, list[str]]]:
        """The file of the force's work-list, stored; and the attributes that are asked of each case."""
        at = f"{self.url}/api/forces/{self.stood.force}/work-list"
        answered = self.lead.ask("GET", at, params={"scope": B}, headers={"Accept": "text/csv"})
        self.folder.mkdir(mode=0o700, exist_ok=True)
        file = self.folder / f"{self.stood.force}-work-list.csv"
        file.write_bytes(answered.content)
        key = answered.text.split(",", 1)[0].removeprefix("\ufeff")
        items = self.lead.items(at, scope=B, limit="1000")
        return file, {item[key]: [each["attribute"] for each in item["missing"]] for item in items}

    def opened_again(self) -> httpx.Response | None:
        """The next revision of a return that is sealed; None where nothing is left to be answered."""
        sealed = self.lead.ask("GET", self.item).json()
        if not self.cell()["undetermined"]:
            say(f"The return of {self.stood.force} for {self.stood.period} is sealed, and nothing is left to answer.")
            return None
        return self.lead.try_to("PUT", self.item, json={"contract_version": _CONTRACT, "corrects": sealed["revision"]})

    def send_and_seal(self) -> None:
        """Fill the work-list in, upload it, answer what is found, and seal."""
        from service.demo.answers import filled

        file, asked = self.work_list()
        key = file.read_text(encoding="utf-8-sig").split(",", 1)[0]
        made = filled(file.read_bytes(), key, asked, self.country.plan(), self.stood.force)
        done = file.with_name(f"{file.stem}-answered.csv")
        done.write_bytes(made.content)
        say(f"{made.cells:,} cells are filled in, in {done}")
        for attribute, counts in made.given.items():
            common = sorted(counts.items(), key=lambda item: -item[1])[:4]
            say(f"  {attribute}: " + ", ".join(f"{answer} ({count:,})" for answer, count in common))
        headers = {"Content-Type": "text/csv"}
        came = self.lead.ask(
            "POST", f"{self.item}/cases", params={"mode": "changes"}, content=made.content, headers=headers
        ).json()
        if came["held"]:
            raise Refused(f"{came['held']:,} answers are held.", f"See {self.item}/held")
        say(f"{came['received']:,} rows are sent as changes: {came['changed']:,} cases change, none is held.")
        self.explain()
        receipt = self.lead.seal(self.item, "A. Example", "Force data lead (synthetic)")
        say(f"Sealed: {receipt['number']}.")

    def explain(self) -> None:
        """One answer to each rule that found something."""
        found = self.lead.items(f"{self.item}/findings", limit="1000")
        rules = {item["rule"] for item in found if item["severity"] in ("quality", "macro")}
        if rules:
            answers = [{"rule": rule, "words": _WORDS} for rule in sorted(rules)]
            self.lead.ask("PUT", f"{self.item}/explanations", json={"answers": answers})
            say(f"What {len(rules):,} rules found is answered.")

    def cell(self, **query: Any) -> dict[str, Any]:
        """The figures of the force under the new definition."""
        cells = self.get("/national/picture", scope=B, by="force", **query)["cells"]
        found: dict[str, Any] = next(cell for cell in cells if cell["force"] == self.stood.force)
        return found

    def tell_bridge(self, bridge: Mapping[str, Any]) -> None:
        """Its sentence, and its parts."""
        say(bridge["sentence"])
        _tell_parts(bridge)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """What the NCA reads."""
        found: dict[str, Any] = self.nca.ask("GET", f"{self.url}/api{path}", params=query).json()
        return found

    def until(self, good: Callable[[dict[str, Any]], bool], path: str) -> Iterator[dict[str, Any]]:
        """What stands there, each time that it has changed, until it is good."""
        end, last = time.monotonic() + _PATIENCE, None
        while True:
            found = self.get(path)
            if found != last:
                yield found
            if good(found):
                return
            if time.monotonic() > end:
                raise Refused(f"{path} has not come to its end in {_PATIENCE} seconds.", "Start it again: it goes on.")
            last = found
            time.sleep(0.5)

    def remember(self, **changed: Any) -> None:
        """How far it came, kept."""
        self.stood = msgspec.structs.replace(self.stood, **changed)
        write_stood(self.folder.parent, self.stood)

    def look(self, path: str, query: str = "", who: str = "nca") -> None:
        """Which page to look at, and who may."""
        say(f"Look at {self.url}{path}{'?' * bool(query)}{query}  (signed in as {who})")


def play(url: str, folder: Path, country: Country, force: str, period: str, ends: Event, *, waits: bool) -> None:
    """Play the story, or what is left of it, against the service at ``url``."""
    import httpx

    stood = read_stood(folder) or Stood(force=force, period=period)
    with httpx.Client(timeout=httpx.Timeout(30, read=900, write=900)) as http:
        Story(http, url, country, stood, folder).play(lambda: _pause(ends) if waits else None)


def read_stood(folder: Path) -> Stood | None:
    """How far the story of a data folder came."""
    try:
        return msgspec.json.decode((folder / "story.json").read_bytes(), type=Stood)
    except FileNotFoundError:
        return None


def write_stood(folder: Path, stood: Stood) -> None:
    """Keep that; whole or not at all."""
    beside = folder / ".story.json.new"
    beside.write_bytes(msgspec.json.encode(stood))
    beside.replace(folder / "story.json")


class Ended(Exception):
    """The service ends while the story waits."""


def _pause(ends: Event) -> None:
    """Wait for Enter, as long as the service runs."""
    import select
    import sys

    click.echo("\nEnter goes on.", nl=False)
    while not ends.is_set():
        if select.select([sys.stdin], [], [], 0.3)[0]:
            sys.stdin.readline()
            return
    raise Ended


def say(words: str) -> None:
    """A line, at once."""
    click.echo(words)


def _range(figure: Mapping[str, Any]) -> str:
    most = figure["most"]
    return f"{figure['least']:,} to {'more than is known' if most is None else f'{most:,}'}"


def _forces(number: int) -> str:
    return f"{number:,} force{'s' * (number != 1)}"


def _both(found: Mapping[str, Any]) -> str:
    return f"{_range(found['before'])} before, {_range(found['after'])} after"


def _tell_parts(bridge: Mapping[str, Any]) -> None:
    for part in bridge["parts"]:
        of = f", by ‘{part['title']}’" if part["title"] else ""
        most = "open" if part["most"] is None else f"{part['most']:+,}"
        say(f"  {part['cause']}{of}: least {part['least']:+,}, most {most}")


def _query(values: Mapping[str, Any]) -> str:
    return "&".join(f"{name}={value}" for name, value in values.items())
