"""The ground that is attacked: returns in every state that a force meets, made and kept up through the API itself.

Schemathesis draws requests from the document; what only the service can know (an id, a tag, a rule that fired) is
looked up here before a request goes out, so that it meets what it is about.
"""

from __future__ import annotations

import csv
import io
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from msgspec import Struct

from service.identity.client import fetch_token, token_form
from service.identity.clients import ClientKey
from tests.attack.clock import TickingClock
from tests.support.rows import a_row, as_csv
from tests.support.workbooks import XLSX, a_workbook

FORCE: Final = "kent"
SEALED: Final = "2025-11"
READY: Final = "2025-12"
"""Sealed, and the next revision is open: nothing stands in the way of its seal."""
FINDINGS: Final = "2026-01"
"""Open, with findings that wait for words, held rows, and cases that its snapshot lacks."""
WITHDRAWN: Final = "2026-02"
NEVER: Final = "2026-03"
"""A period for which there is no return."""
_SHEET: Final = ("rule", "case_ref", "finding", "answer")
PERIODS: Final = (SEALED, READY, FINDINGS, WITHDRAWN, NEVER)

Json = dict[str, Any]


class Target(Struct, frozen=True):
    """What a process needs to attack a service that another process runs."""

    url: str
    clock: Path
    force: ClientKey
    body: ClientKey
    other: ClientKey
    """Of the other national body: it proposes what the attack confirms."""


def write_target(file: Path, target: Target) -> None:
    file.write_bytes(msgspec.json.encode(target, enc_hook=str))


def read_target(file: Path) -> Target:
    return msgspec.json.decode(file.read_bytes(), type=Target, dec_hook=lambda kind, value: kind(value))


class Ground:
    """The returns of one force, and a client of a national body."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.clock = TickingClock(target.clock)
        self.http = httpx.Client(base_url=target.url, timeout=60, transport=httpx.HTTPTransport(retries=3))
        self._token = ""
        self._notices = count(1)
        self._published: dict[str, str] = {}

    def token(self, key: ClientKey) -> str:
        """A new access token, from the issuer."""
        return fetch_token(key, self.http, self.clock.peek()).value

    def form(self) -> dict[str, str]:
        """A form that gets a token; each works once."""
        return token_form(self.target.force, self.clock.peek())

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request of the force's own; with a new token where the one of before has expired."""
        headers = {**more.pop("headers", {}), "Authorization": f"Bearer {self._token or 'none'}"}
        answered = self.http.request(method, f"/api/forces/{FORCE}/returns{path}", headers=headers, **more)
        if answered.status_code != 401:
            return answered
        self._token = self.token(self.target.force)
        headers["Authorization"] = f"Bearer {self._token}"
        return self.http.request(method, f"/api/forces/{FORCE}/returns{path}", headers=headers, **more)

    def read(self, path: str, **query: Any) -> Json:
        """What a path answers with; nothing where there is nothing."""
        answered = self.ask("GET", path, params=query)
        document: Json = answered.json() if answered.is_success else {}
        return document

    def items(self, path: str, **query: Any) -> list[Json]:
        found: list[Json] = self.read(path, **query).get("items", [])
        return found

    def etag(self, period: str) -> str | None:
        """The tag of the return that is there now."""
        return self.ask("GET", f"/{period}").headers.get("etag")

    def published(self, listing: str, member: str) -> str:
        """The name of what stands first in a public list, which stays there: asked for once."""
        if listing not in self._published:
            self._published[listing] = str(self.http.get(listing).json()["items"][0][member])
        return self._published[listing]

    # --- the states -------------------------------------------------------------------------------------------------

    def seed(self) -> None:
        """Every state that there is, in the order of the periods; the first is corrected after the second."""
        self.seal(SEALED)
        self.seal(READY)
        self.seal(SEALED, more="K/90")
        for period in (READY, FINDINGS, WITHDRAWN):
            self.restore(period)

    def seal(self, period: str, more: str | None = None) -> None:
        """A sealed return with a few cases; every finding answered. With one ``more``, of a month before the newest: a
        correction of it, which is offered for the open return."""
        self._done("PUT", f"/{period}", json=self._opening(period))
        rows = [a_row(case_ref=f"K/{number}") for number in range(1, 9)]
        rows += [] if more is None else [a_row(case_ref=more)]
        self._done("POST", f"/{period}/cases", content=as_csv(rows), headers={"Content-Type": "text/csv"})
        self.answer(period)
        declaration = {"declaration": True, "name": "A. Signer", "role": "Data lead"}
        self._done("POST", f"/{period}/seal", json=declaration, headers={"If-Match": str(self.etag(period))})

    def answer(self, period: str) -> None:
        """Words for every finding that waits for some."""
        found = self.items(f"/{period}/findings", limit=1000)
        rules = sorted({item["rule"] for item in found if item["severity"] in ("quality", "macro")})
        if rules:
            answers = [{"rule": rule, "words": "Checked."} for rule in rules]
            self._done("PUT", f"/{period}/explanations", json={"answers": answers})

    def restore(self, period: str) -> None:
        """The period as its name has it, whatever was done to it since; the one that stays sealed stays as it is."""
        if period == SEALED:
            return
        self._withdraw(period)
        if period == NEVER:
            return
        self._done("PUT", f"/{period}", json=self._opening(period))
        if period == WITHDRAWN:
            self._done("POST", f"/{period}/withdraw", json={"reason": "Sent for the wrong month."})
        if period == FINDINGS:
            rows = [
                a_row(case_ref="K/1", stage="in_assessment", victim_count=0),
                a_row(case_ref="K/2", suspect_count="two"),
                a_row(case_ref="K/11", victim_count=0),
                a_row(case_ref="K/12", stage="somewhere"),
                a_row(case_ref="K/13", suspect_count="3-5"),
                a_row(case_ref="K/14", nfa_date="31/02/2014"),
            ]
            sent = {"content": as_csv(rows), "headers": {"Content-Type": "text/csv"}}
            self._done("POST", f"/{period}/cases", params={"mode": "snapshot"}, **sent)

    def _withdraw(self, period: str) -> None:
        """Take back what is open of a period, and what the attack has sealed from it on."""
        for item in self.items("", limit=1000):
            ours = item["state"] == "open" and item["period"] == period
            if ours or (item["state"] == "sealed" and item["period"] > READY and item["period"] >= period):
                self._done("POST", f"/{item['period']}/withdraw", json={"reason": "Restored."})

    def findings_sheet(self, period: str, media: str) -> bytes:
        """The findings of a return as a sheet, with the words of whoever filled it in."""
        if not self.items(f"/{period}/findings") and period == FINDINGS:
            self.restore(period)
        shown = self.ask("GET", f"/{period}/findings", headers={"Accept": "text/csv"}).content.decode("utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(shown, newline="")))
        for line in lines:
            if line["severity"] in ("quality", "macro"):
                line["answer"] = "Checked."
        return a_workbook(lines) if media == XLSX else as_csv(lines, lines[0] if lines else _SHEET).encode()

    def picture(self) -> Json:
        """Which moment the national picture is of."""
        headers = {"Authorization": f"Bearer {self.token(self.target.body)}"}
        document: Json = self.http.get("/api/national/picture", headers=headers).json()
        return document

    def notice(self) -> str:
        """The id of a rule notice that the other body has just proposed, of days that are not attacked."""
        said = {
            "id": f"2030-01-attacked-{next(self._notices)}",
            "contracts": ["2025.1"],
            "rule": "Q371",
            "severity": "off",
            "from": "2031-01-01",
            "why": "Proposed to be decided.",
        }
        headers = {"Authorization": f"Bearer {self.token(self.target.other)}"}
        answered = self.http.post("/api/rule-notices", json=said, headers=headers)
        if not answered.is_success:
            raise AssertionError(f"proposing: {answered.status_code} {answered.text}")
        return str(said["id"])

    def _opening(self, period: str) -> Json:
        now = self.read(f"/{period}")
        return {"corrects": now["revision"]} if now.get("state") == "sealed" else {}

    def _done(self, method: str, path: str, **more: Any) -> None:
        answered = self.ask(method, path, **more)
        if not answered.is_success:
            raise AssertionError(f"{method} {path}: {answered.status_code} {answered.text}")
