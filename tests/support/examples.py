"""The examples of the OpenAPI document, recorded from a walk through the running service.

``python -m tests.support.examples`` writes ``service/api/examples.json`` anew, after a change of what is answered; a
test holds every example to its schema. Long lists are cut: an example is to be read.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx

from service.api.description import openapi_of
from service.api.replies import BYTES
from service.identity.client import token_form
from tests.support.editions import NARROW, a_scope, as_yaml, said_yes
from tests.support.postgres import Server, running_server
from tests.support.rows import a_row, as_csv, as_ndjson
from tests.support.server import Return, Served, a_served, good
from tests.support.terms import AT as TERMS_AT
from tests.support.terms import terms_of, without, yes_to

FILE = Path(__file__).resolve().parents[2] / "service" / "api" / "examples.json"
MOST = 2
"""Items of a list that are kept."""
LINES = 3
"""Lines of a text that are kept."""


class Recorder:
    """Keeps the first request and the first answer of each status, by operation."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.found: dict[str, dict[str, dict[str, Any]]] = {}
        self._operations = [
            (method.upper(), re.compile(re.sub(r"\{[a-z_]+\}", "[^/]+", path)), operation["operationId"])
            for path, item in document["paths"].items()
            for method, operation in item.items()
        ]

    async def record(self, answered: httpx.Response) -> None:
        """An event hook of httpx."""
        await answered.aread()
        request = answered.request
        name = self._name(request.method, request.url.path)
        if name is None or (not answered.is_success and answered.headers["content-type"] != "application/json"):
            return  # problems have examples of their own, by their codes
        kept = self.found.setdefault(name, {})
        if request.content and answered.is_success:
            _keep(kept.setdefault("request", {}), request.headers["content-type"], request.content)
        _keep(kept.setdefault(str(answered.status_code), {}), answered.headers["content-type"], answered.content)

    def _name(self, method: str, path: str) -> str | None:
        return next((name for verb, form, name in self._operations if verb == method and form.fullmatch(path)), None)


def _keep(kept: dict[str, Any], media: str, content: bytes) -> None:
    media = media.partition(";")[0]
    if media in kept or media in BYTES:  # bytes cannot stand in a JSON document
        return
    if media == "application/json":
        kept[media] = _cut(json.loads(content))
    elif media == "application/x-www-form-urlencoded":
        kept[media] = {
            **dict(parse_qsl(content.decode())),
            "client_assertion": "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOi4uLn0.c2ln",
        }
    else:
        kept[media] = "".join(content.decode().splitlines(keepends=True)[:LINES])


def _cut(value: Any) -> Any:
    if isinstance(value, list):
        return [_cut(item) for item in value[:MOST]]
    if isinstance(value, dict):
        return {name: _redacted(name) or _cut(item) for name, item in value.items()}
    return value


def _redacted(name: str) -> str | None:
    return "eyJhbGciOiJFUzI1NiJ9.eyJzY29wZSI6Li4ufQ.c2ln" if name == "access_token" else None


async def walk(served: Served) -> dict[str, Any]:
    """Every operation once, by those who may."""
    recorder = Recorder(openapi_of(served.app))
    adopts = ("national:read", "terms:propose", "terms:confirm")
    kent, anyone = await served.client("kent"), await served.bare()
    nca, npcc = [await served.client(None, *adopts, body=body) for body in ("nca", "npcc")]
    for client in (kent, nca, npcc, anyone):
        client.event_hooks["response"].append(recorder.record)
    await _identity(served, anyone)
    await _public(anyone)
    await _first_return(Return(kent, period="2025-11"))
    await _second_return(Return(kent, period="2025-12"))
    await _corrections(*(Return(kent, period=period) for period in ("2025-11", "2025-12", "2026-01")))
    await _notices(nca, npcc, anyone)
    await _scopes(nca, npcc)
    await _terms(served, nca, npcc)
    for media in ("application/json", "text/csv"):
        await nca.get("/api/national/outstanding", params={"scope": "2026-02-referral"}, headers={"Accept": media})
    for path in ("bridge?from=1", "reconcile", "picture?by=stage"):
        good(await nca.get(f"/api/national/{path}"))
    for media in ("text/csv", "image/svg+xml"):
        await nca.get("/api/national/bridge?from=1", headers={"Accept": media})
    good(await nca.get("/api/scopes/2026-02-referral/re-judging"))
    good(
        await nca.post(
            "/api/scopes/2026-02-referral/simulate", json={"against": "2025-11-wide", "rules_off": ["alive"]}
        )
    )
    await nca.get("/api/national/picture", params={"by": "stage"}, headers={"Accept": "text/csv"})
    return recorder.found


async def _identity(served: Served, anyone: httpx.AsyncClient) -> None:
    key = await served.key("kent")
    form = token_form(key, served.clock(), None)
    await anyone.post("/oauth/token", data=form)
    await anyone.post("/oauth/token", data={**form, "grant_type": "password"})
    await anyone.post("/oauth/token", data={**form, "client_assertion": "x" * 1_000_000})
    for path in ("/oauth/jwks", "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource"):
        good(await anyone.get(path))
    for path in ("/health/live", "/health/ready", "/api", "/problems/not-open"):
        good(await anyone.get(path))


async def _public(anyone: httpx.AsyncClient) -> None:
    for path, member in (("terms", "edition"), ("contracts", "version"), ("codes", "list"), ("scopes", "edition")):
        listed = good(await anyone.get(f"/api/{path}"))
        good(await anyone.get(f"/api/{path}/{listed['items'][0][member]}"))
    good(await anyone.get("/api/contracts/2026.1/changes"))
    good(await anyone.get("/api/contracts/2025.1/schema/workforce"))
    await anyone.get("/api/contracts/2025.1/template/workforce.csv")
    await anyone.get("/api/contracts/2025.1/kit")


async def _notices(nca: httpx.AsyncClient, npcc: httpx.AsyncClient, anyone: httpx.AsyncClient) -> None:
    """A rule notice from its proposal on, one that is rejected, and the disputes that are behind it."""
    notice = {
        "id": "2026-01-q335",
        "contracts": ["2025.1"],
        "rule": "Q335",
        "severity": "off",
        "from": "2026-02-01",
        "why": "Cases in which no victim could be identified are within the terms.",
    }
    good(await nca.get("/api/national/contracts/2026.1/effect", params={"scope": "2025-11-wide"}))
    good(await nca.get("/api/national/answers"))
    good(await nca.get("/api/national/answers/Q335"))
    good(await nca.get("/api/national/recorded"))
    good(await nca.get("/api/national/recorded/cases/setting"))
    good(await nca.get("/api/national/disputes"))
    good(await nca.get("/api/national/disputes/Q335"))
    good(await nca.post("/api/rule-notices", json=notice))
    good(await npcc.post("/api/rule-notices/2026-01-q335/confirm", json={}))
    good(await nca.post("/api/rule-notices", json={**notice, "id": "2026-01-q336", "rule": "Q336"}))
    good(await npcc.post("/api/rule-notices/2026-01-q336/reject", json={"reason": "The rule is right."}))
    good(await anyone.get("/api/rule-notices"))
    good(await anyone.get("/api/rule-notices/2026-01-q335"))


async def _terms(served: Served, nca: httpx.AsyncClient, npcc: httpx.AsyncClient) -> None:
    """An edition of the terms from its draft to the words of both bodies, for a day to come; one that is rejected."""
    document = terms_of(served, participation=without(served, "kent", "2026-06", "sussex"))
    drafted = await nca.post("/api/terms", json=document)
    yaml = {"Content-Type": "application/yaml"}
    other = await npcc.post("/api/terms", content=as_yaml(terms_of(served, "2026-03")), headers=yaml)
    again = as_yaml(terms_of(served, "2026-03", title="Terms of reference, again"))
    good(await nca.put("/api/terms/2026-03", content=again, headers=yaml | {"If-Match": other.headers["etag"]}))
    good(await nca.post("/api/terms/2026-03/reject", json={"reason": "It changes nothing."}))
    written = await npcc.put(TERMS_AT, json=document, headers={"If-Match": drafted.headers["etag"]})
    proposed = await nca.post(
        f"{TERMS_AT}/propose", json={"effective": "2026-06-01"}, headers={"If-Match": written.headers["etag"]}
    )
    for client in (nca, npcc):
        good(await yes_to(client, good(proposed)))
    good(await nca.get(f"{TERMS_AT}/draft"))
    good(await nca.get(f"{TERMS_AT}/difference"))


async def _scopes(nca: httpx.AsyncClient, npcc: httpx.AsyncClient) -> None:
    """A scope edition from its draft to the words of both bodies, and one that is rejected."""
    drafted = await nca.post("/api/scopes", json=a_scope())
    yaml = {"Content-Type": "application/yaml"}
    other = await nca.post("/api/scopes", content=as_yaml(a_scope("2026-06-wider", least=1)), headers=yaml)
    seen = {"If-Match": other.headers["etag"]}
    good(await npcc.put("/api/scopes/2026-06-wider", content=as_yaml(a_scope("2026-06-wider")), headers=yaml | seen))
    reason = {"reason": "It says what the other draft says."}
    good(await npcc.post("/api/scopes/2026-06-wider/reject", json=reason))
    at = f"/api/scopes/{NARROW}"
    written = await npcc.put(at, json=a_scope(), headers={"If-Match": drafted.headers["etag"]})
    proposed = await nca.post(
        f"{at}/propose", json={"effective": "2026-06-01"}, headers={"If-Match": written.headers["etag"]}
    )
    for client in (nca, npcc):
        good(await said_yes(client, good(proposed)))
    good(await nca.get(f"{at}/draft"))
    good(await nca.get(f"{at}/difference"))


async def _first_return(item: Return) -> None:
    """Everything that belongs to an open return, and its seal."""
    client, path = item.client, item.path
    await item.open(contract_version="2025.1", case_years=None)
    await item.open(case_years=None)
    rows = [a_row(case_ref="K/1"), a_row(case_ref="K/2", victim_count=0), a_row(case_ref="K/3", suspect_count="two")]
    await item.upload(json.dumps(rows), "application/json")
    await item.upload(as_ndjson(rows[:2]), "application/x-ndjson")
    await item.upload(as_csv(rows[:2]), "text/csv")
    for part, row in (
        ("aggregates", {"nfa_date": "2013", "stage": "identified", "cases": 37}),
        ("workforce", {"team": "child_exploitation", "phase": "assessment", "officers_fte": "26.5"}),
    ):
        for content, media in (
            (json.dumps([row]), "application/json"),
            (as_ndjson([row]), "application/x-ndjson"),
            (as_csv([row]), "text/csv"),
        ):
            good(await client.put(f"{path}/{part}", content=content, headers={"Content-Type": media}))
        for media in ("application/json", "application/x-ndjson", "text/csv"):
            await client.get(f"{path}/{part}", headers={"Accept": media})
    last = good(await client.get(f"{path}/states"))["items"][0]["n"]
    good(await client.post(f"{path}/states/{last}/restore", json={}))
    await item.read()
    for media in ("application/json", "application/x-ndjson", "text/csv"):
        await client.get(f"{path}/cases", headers={"Accept": media})
    for media in ("application/json", "text/csv"):
        await client.get(f"{path}/findings", headers={"Accept": media})
    good(await client.get(f"{path}/held"))
    good(await client.delete(f"{path}/held/1", params={"reason": "It stands in row 1 as well."}))
    rule = (await item.findings(severity="quality"))[0]["rule"]
    dispute = {"rule": rule, "case_ref": "K/2", "words": "The rule does not fit this offence."}
    good(await client.post(f"{path}/disputes", json=dispute))
    await item.explain_all()
    sheet = await client.get(f"{path}/findings", params={"severity": "quality"}, headers={"Accept": "text/csv"})
    headers = {"Content-Type": "text/csv"}
    good(await client.put(f"{path}/explanations", content=sheet.content, headers=headers))
    await item.seal()
    for name in ("receipt", "tallies"):
        good(await client.get(f"{path}/{name}"))
    good(await client.get("/api/forces/kent/returns"))
    for media in ("application/json", "text/csv"):
        await client.get("/api/forces/kent/work-list", params={"scope": "2026-02-referral"}, headers={"Accept": media})
    good(await client.get("/api/forces/kent/border", params={"scope": "2026-02-referral", "limit": 2}))


async def _second_return(item: Return) -> None:
    """A snapshot that lacks cases, and single cases."""
    client, path = item.client, item.path
    await item.open()
    await item.upload(as_csv([a_row(case_ref="K/1", stage="in_assessment")]), mode="snapshot")
    missing = good(await client.get(f"{path}/withdrawals"))["items"][0]["case_id"]
    good(await client.put(f"{path}/withdrawals", json={"withdrawals": [{"case_id": missing, "answer": "keep"}]}))
    case = next(row for row in good(await client.get(f"{path}/cases"))["items"] if row["case_ref"] == "K/1")
    one = f"{path}/cases/{case['case_id']}"
    good(await client.get(one))
    good(await client.put(one, json=a_row(case_ref="K/1", suspect_count="3-5")))
    good(await client.get(f"{one}/history"))
    good(await client.get(f"{one}/why"))
    good(await client.delete(one, params={"reason": "duplicate"}))
    good(await client.post(f"{path}/withdraw", json={"reason": "Sent for the wrong month."}))


async def _corrections(older: Return, newer: Return, later: Return) -> None:
    """A month corrected when the next one is sealed, and the same put into the one after that."""
    await newer.open()
    await newer.upload(as_csv([a_row(case_ref="K/1", stage="in_assessment")]))
    await newer.explain_all()
    await newer.seal()
    await older.open(corrects=1)
    await older.upload(as_csv([a_row(case_ref="K/1", setting="gang"), a_row(case_ref="K/5")]))
    await older.explain_all()
    await older.seal()
    await later.open()
    good(await older.client.get(f"{older.path}/corrections"))
    good(await older.client.post(f"{older.path}/corrections", json={}))


async def _recorded(server: Server) -> dict[str, Any]:
    template = f"template_{secrets.token_hex(4)}"
    await server.migrated(template)
    with tempfile.TemporaryDirectory() as folder:
        async with server.copy_of(template) as made, a_served(made.db, Path(folder)) as served:
            return await walk(served)


def main() -> None:
    """Write the file anew."""
    with running_server() as server:
        found = asyncio.run(_recorded(server))
    FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
