"""What a route says to a caller without a good token, and to one of another force."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from joserfc.jwk import ECKey, RSAKey

from service.api.problems import KINDS, MEDIA_TYPE, problem_response
from service.clock import system_clock
from service.errors import CaseReturnsError, Conflict, Unauthenticated, Unavailable
from service.identity.client import fetch_token, token_form
from service.identity.clients import KNOWN_FOR, ClientKey, disable_client
from service.identity.principal import BODY_PERMISSIONS, FORCE_PERMISSIONS, Permission
from service.storage.database import Database
from service.telemetry.logs import logging_to
from tests.support.identity import (
    ORIGIN,
    Service,
    a_service,
    an_application,
    served,
    signed,
    signed_with_secret,
    unsigned,
)

NOW = 1772366400
METADATA = f'resource_metadata="{ORIGIN}/.well-known/oauth-protected-resource"'


@pytest.fixture
def service(module_database: Database, tmp_path: Path) -> Service:
    return a_service(module_database, tmp_path)


@pytest_asyncio.fixture
async def kent(service: Service) -> ClientKey:
    return await service.client(("returns:read",))


@pytest_asyncio.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(an_application(service), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client


async def token_of(service: Service, key: ClientKey, scope: str | None = None) -> str:
    answer = await service.issuer.token(list(token_form(key, service.clock(), scope).items()))
    return str(answer.body["access_token"])


async def call(http: httpx.AsyncClient, token: str | None, path: str = "/api/who", **more: Any) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return await http.request(more.pop("method", "GET"), path, headers=headers, **more)


def is_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    document: dict[str, Any] = response.json()
    assert (response.status_code, document["status"], document["type"]) == (status, status, f"/problems/{code}"), (
        document
    )
    assert response.headers["content-type"] == MEDIA_TYPE
    assert document["title"]
    assert document["detail"]
    return document


# Authentication


async def test_without_a_token_the_answer_says_where_to_get_one(http: httpx.AsyncClient) -> None:
    response = await call(http, None)
    is_problem(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"] == f"Bearer {METADATA}"
    path = METADATA.split('"')[1].removeprefix(ORIGIN)
    assert (await http.get(path)).status_code == 200


async def test_a_good_token_is_taken(service: Service, kent: ClientKey, http: httpx.AsyncClient) -> None:
    response = await call(http, await token_of(service, kent))
    assert response.json() == {"force": "kent", "body": None, "permissions": ["returns:read"]}
    assert (await call(http, service.forged(kent, header={"typ": "application/at+JWT"}))).status_code == 200


WRONG_CLAIMS: list[dict[str, Any]] = [
    {"exp": None},
    {"exp": NOW - 10},
    {"exp": "9999999999"},
    {"exp": float("nan")},
    {"exp": float("inf")},
    {"nbf": NOW + 11},
    {"iat": NOW + 11},
    {"iat": None},
    {"iss": "https://elsewhere.example"},
    {"iss": None},
    {"iss": [ORIGIN]},
    {"aud": "https://elsewhere.example"},
    {"aud": None},
    {"aud": []},
    {"aud": f"{ORIGIN}/"},
    {"sub": None},
    {"jti": None},
    {"client_id": None},
    {"client_id": "nobody-0000000000"},
    {"client_id": ["kent"]},
    {"client_id": "\x00"},
    {"scope": None},
    {"scope": ["returns:read"]},
    {"force": None},
    {"force": "essex"},
    {"force": "nowhere"},
    {"force": ["kent"]},
    {"force": {"kent": 1}},
    {"body": "nca"},
    {"force": None, "body": "nca"},
    {"force": None, "body": "mi5"},
]


@pytest.mark.parametrize("claims", WRONG_CLAIMS, ids=str)
async def test_a_token_with_a_wrong_claim_is_refused(
    service: Service, kent: ClientKey, http: httpx.AsyncClient, claims: dict[str, Any]
) -> None:
    token = service.forged(kent, **claims)
    response = await call(http, token)
    document = is_problem(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"] == f'Bearer error="invalid_token", {METADATA}'
    assert token.split(".")[1] not in json.dumps(document)


async def test_a_clock_may_differ_by_ten_seconds(service: Service, kent: ClientKey, http: httpx.AsyncClient) -> None:
    for claims in ({"exp": NOW - 9}, {"nbf": NOW + 10}, {"iat": NOW + 10}, {"aud": ["https://other.example", ORIGIN]}):
        assert (await call(http, service.forged(kent, **claims))).status_code == 200, claims


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "id_token", "dpop+jwt", "", 5, ["at+jwt"]], ids=str)
async def test_a_token_of_another_type_is_refused(
    service: Service, kent: ClientKey, http: httpx.AsyncClient, typ: object
) -> None:
    if typ is None or isinstance(typ, str):
        token = service.forged(kent, header={"typ": typ})
    else:
        token = unsigned(
            {"alg": "ES256", "kid": service.signing_key().kid, "typ": typ}, service.good_claims(kent), b"x" * 64
        )
    is_problem(await call(http, token), 401, "unauthenticated")


async def test_a_client_assertion_is_no_access_token(
    service: Service, kent: ClientKey, http: httpx.AsyncClient
) -> None:
    is_problem(await call(http, token_form(kent, service.clock())["client_assertion"]), 401, "unauthenticated")


async def test_forged_signatures_are_refused_and_nothing_is_fetched(
    service: Service, kent: ClientKey, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = service.good_claims(kent)
    ours = service.signing_key()
    public = ours.as_dict(private=False)
    theirs = ECKey.generate_key("P-256")
    plain = {"alg": "ES256", "typ": "at+jwt", "kid": ours.kid}
    good = service.forged(kent)
    head, body, signature = good.split(".")
    forged = {
        "none": unsigned(plain | {"alg": "none"}, claims),
        "None": unsigned(plain | {"alg": "None"}, claims),
        "HS256 with the public key": signed_with_secret(plain | {"alg": "HS256"}, claims, json.dumps(public).encode()),
        "HS256 with its PEM": signed_with_secret(plain | {"alg": "HS256"}, claims, ours.as_pem(private=False)),
        "another key, our kid": signed(theirs, plain, claims),
        "another key, its kid": signed(theirs, plain | {"kid": "theirs"}, claims),
        "no kid": service.forged(kent, header={"kid": None}),
        "another algorithm": signed(RSAKey.generate_key(2048), plain | {"alg": "RS256"}, claims),
        "jku": signed(theirs, plain | {"jku": "https://evil.example/keys"}, claims),
        "x5u": signed(theirs, plain | {"x5u": "https://evil.example/cert"}, claims),
        "jwk": signed(theirs, plain | {"jwk": theirs.as_dict(private=False)}, claims),
        "jku, but signed by us": service.forged(kent, header={"jku": "https://evil.example/keys"}),
        "crit": unsigned(plain | {"crit": ["exp"]}, claims, b"x" * 64),
        "no signature": f"{head}.{body}.",
        "cut": good[:-4],
        "another body": f"{head}.{signed(theirs, plain, claims | {'force': 'essex'}).split('.')[1]}.{signature}",
        "zeros": unsigned(plain, claims, b"\x00" * 64),
    }

    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("something was fetched")

    assert (await call(http, good)).status_code == 200  # the client is known from here on
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr(socket.socket, "connect", no_network)
    for what, token in forged.items():
        assert (await call(http, token)).status_code == 401, what


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer a b",
        "Bearer é",
        "Token abc",
        "Bearer a.b.c",
        "Bearer ...",
        "Bearer " + "a" * 5000,
        "Bearer " + "W" * 900 + ".e30.AA",
    ],
    ids=lambda value: value[:16],
)
async def test_a_header_that_is_no_token_is_refused(http: httpx.AsyncClient, value: str) -> None:
    response = await http.get("/api/who", headers={"Authorization": value.encode()})
    is_problem(response, 401, "unauthenticated")


async def test_two_tokens_are_no_token(service: Service, kent: ClientKey, http: httpx.AsyncClient) -> None:
    header = ("Authorization", f"Bearer {await token_of(service, kent)}")
    is_problem(await http.get("/api/who", headers=[header, header]), 401, "unauthenticated")


async def test_a_remembered_token_ends_when_it_expires(
    service: Service, kent: ClientKey, http: httpx.AsyncClient
) -> None:
    token = await token_of(service, kent)
    for seconds, status in ((0, 200), (599, 200), (10, 200), (1, 401), (0, 401)):
        service.clock.forward(seconds=seconds)
        assert (await call(http, token)).status_code == status, seconds


async def test_a_disabled_client_stops_within_half_a_minute(
    service: Service, kent: ClientKey, http: httpx.AsyncClient
) -> None:
    token = await token_of(service, kent)
    assert (await call(http, token)).status_code == 200
    await disable_client(service.db, kent.client_id, service.clock())
    service.clock.forward(seconds=KNOWN_FOR.total_seconds())
    is_problem(await call(http, token), 401, "unauthenticated")


# Tenancy


async def test_another_forces_path_is_a_path_that_does_not_exist(
    service: Service, kent: ClientKey, http: httpx.AsyncClient
) -> None:
    token = await token_of(service, kent)
    assert (await call(http, token, "/api/forces/kent/returns")).status_code == 200
    other = await call(http, token, "/api/forces/essex/returns")
    is_problem(other, 404, "not-found")
    for path in ("/api/forces/nowhere/returns", "/api/forces/KENT/returns", "/api/nothing", "/nothing"):
        none = await call(http, token, path)
        assert (none.status_code, none.content) == (404, other.content), path
        assert none.headers == other.headers


async def test_a_permission_that_is_missing_is_named_whatever_the_path(
    service: Service, kent: ClientKey, http: httpx.AsyncClient
) -> None:
    nca = await service.client(("national:read",), body="nca")
    for key in (kent, nca):
        for force in ("kent", "essex", "nowhere"):
            path = f"/api/forces/{force}/returns/2025-11"
            response = await call(http, await token_of(service, key), path, method="PUT", json={"count": 1})
            document = is_problem(response, 403, "missing-permission")
            assert "returns:write" in document["detail"]
            challenge = response.headers["www-authenticate"]
            assert challenge == 'Bearer error="insufficient_scope", scope="returns:write"'


async def test_a_token_narrowed_by_scope_may_less_than_its_client(service: Service, http: httpx.AsyncClient) -> None:
    key = await service.client(("returns:read", "returns:write"))
    narrow = await token_of(service, key, "returns:read")
    path = "/api/forces/kent/returns/2025-11"
    is_problem(await call(http, narrow, path, method="PUT", json={"count": 1}), 403, "missing-permission")
    whole = await call(http, await token_of(service, key), path, method="PUT", json={"count": 1})
    assert whole.status_code == 200


def test_no_client_can_have_both_a_forces_and_a_bodys_permissions() -> None:
    assert {Permission.AUDIT_READ} == FORCE_PERMISSIONS & BODY_PERMISSIONS
    assert set(Permission) == FORCE_PERMISSIONS | BODY_PERMISSIONS


# Problems


async def test_errors_of_the_framework_are_problems_too(service: Service, http: httpx.AsyncClient) -> None:
    key = await service.client(("returns:read", "returns:write"))
    token = await token_of(service, key)
    path = "/api/forces/kent/returns/2025-11"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    not_allowed = await http.delete("/api/who", headers=headers)
    is_problem(not_allowed, 405, "method-not-allowed")
    assert "GET" in not_allowed.headers["allow"]
    for body in (
        b"{",
        b'{"count": ',
        b'{"count": "KENT-1"}',
        b"{}",
        b"\xff\xfe",
        b"",
        b"[" * 100_000,
        b'{"count": 1e400}',
    ):
        document = is_problem(await http.put(path, content=body, headers=headers), 400, "malformed")
        assert "KENT-1" not in json.dumps(document)
    wrong = await http.put(path, content=b'{"count": "KENT-1"}', headers=headers)
    assert wrong.json()["errors"] == [{"says": "Expected `int`, got `str`", "pointer": "/count"}]
    wrong = await http.get("/api/number?least=KENT-1")
    assert wrong.json()["errors"] == [{"says": "Expected `int`, got `str`", "field": "least"}]
    large = await http.put(path, content=b'{"count": 1' + b" " * 11_000_000 + b"}", headers=headers)
    is_problem(large, 413, "too-large")


async def test_an_unforeseen_error_tells_nothing_but_a_reference(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with logging_to(io.StringIO()) as log:
        document = is_problem(await http.get("/api/broken"), 500, "internal")
    (line,) = [json.loads(line) for line in log.getvalue().splitlines() if "request_failed" in line]
    assert "KENT-SECRET" not in json.dumps(document) + caplog.text + log.getvalue()
    assert document["reference"] in document["do"]
    assert (line["reference"], line["level"]) == (document["reference"], "error")
    assert line["errors"][0]["type"] == "builtins.RuntimeError"
    assert "identity.py:" in line["errors"][0]["at"]


def test_every_kind_of_error_has_its_status() -> None:
    def kinds(family: type[CaseReturnsError]) -> set[type[CaseReturnsError]]:
        return {family} | {kind for child in family.__subclasses__() for kind in kinds(child)}

    module = [kind for kind in kinds(CaseReturnsError) if kind.__module__ == "service.errors"]
    assert set(module) - {CaseReturnsError} == set(KINDS)
    for kind in KINDS:
        response = problem_response(kind("It is so.", "Do this."))
        document = json.loads(response.content)
        assert document["type"] == f"/problems/{kind.code}"
        assert (document["detail"], document["do"]) == ("It is so.", "Do this.")
        assert "instance" not in document


def test_an_error_may_carry_its_own_code_and_rows() -> None:
    error = Conflict("This is not the newest.", code="not-newest")
    error.errors = [{"rule": "S101", "row": 2}]  # type: ignore[attr-defined]
    document = json.loads(problem_response(error).content)
    assert (document["type"], document["status"]) == ("/problems/not-newest", 409)
    assert document["errors"] == [{"rule": "S101", "row": 2}]
    assert problem_response(Unavailable("Not now.")).headers["Retry-After"] == "5"


# The client's side, over a socket


async def test_the_command_line_fetches_a_token_or_says_why_not(module_database: Database, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        service = a_service(module_database, tmp_path, origin, system_clock)
        kent, essex = await service.client(), await service.client(force="essex")
        stolen = msgspec.structs.replace(kent, private_key=essex.private_key)
        async with served(an_application(service), listening):
            with httpx.Client() as http:
                token = await asyncio.to_thread(fetch_token, kent, http, system_clock(), "returns:read")
                assert (token.expires_in, token.scope) == (600, "returns:read")
                assert token.value not in repr(token)
                headers = {"Authorization": f"Bearer {token.value}"}
                who = await asyncio.to_thread(http.get, f"{origin}/api/who", headers=headers)
                assert who.json()["force"] == "kent"
                with pytest.raises(Unauthenticated, match="signature"):
                    await asyncio.to_thread(fetch_token, stolen, http, system_clock())
                elsewhere = msgspec.structs.replace(kent, token_endpoint=f"{origin}/elsewhere")
                with pytest.raises(Unavailable, match="404"):
                    await asyncio.to_thread(fetch_token, elsewhere, http, system_clock())
    with httpx.Client() as http, pytest.raises(Unavailable, match="Nothing answers"):
        fetch_token(kent, http, system_clock())
