"""The token endpoint: who gets a token, with what in it, and who does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey
from sqlalchemy import text

from service.errors import Conflict, Invalid, NotFound
from service.identity.assertion import ASSERTION_TYPE
from service.identity.client import sign_assertion, token_form
from service.identity.clients import (
    Addresses,
    ClientKey,
    disable_client,
    list_clients,
    read_key,
    readdress_key,
    write_key,
)
from service.identity.issuer import Issuer
from service.identity.keys import KeysExposed, SigningKeys, ensure_keys, remove_key, rotate_keys
from service.storage.database import Database
from tests.support.identity import ORIGIN, Service, a_service, an_application, signed, unsigned

TOKEN = f"{ORIGIN}/oauth/token"
SEALER = ("returns:read", "returns:write", "returns:seal")


@pytest.fixture
def service(module_database: Database, tmp_path: Path) -> Service:
    return a_service(module_database, tmp_path)


@pytest_asyncio.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(an_application(service)), base_url=ORIGIN) as client:
        yield client


def form_of(assertion: str, **others: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    } | others


def assertion(service: Service, key: ClientKey, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """One that is good but for what is said."""
    issued = int(service.clock().timestamp())
    whole = {
        "iss": key.client_id,
        "sub": key.client_id,
        "aud": TOKEN,
        "iat": issued,
        "exp": issued + 60,
        "jti": f"{issued}-{id(claims)}-{len(str(claims))}",
    }
    return signed(ECKey.import_key(key.private_key), {"alg": "ES256"} | (header or {}), whole | claims)


async def test_a_signed_assertion_gets_a_short_access_token(service: Service, http: httpx.AsyncClient) -> None:
    key = await service.client(SEALER)
    response = await http.post("/oauth/token", data=token_form(key, service.clock()))
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert (body["token_type"], body["expires_in"], set(body["scope"].split())) == ("Bearer", 600, set(SEALER))

    keys = KeySet.import_key_set((await http.get("/oauth/jwks")).json())
    token = jwt.decode(body["access_token"], keys, algorithms=["ES256"])
    issued = int(service.clock().timestamp())
    assert token.header["typ"] == "at+jwt"
    assert token.header["kid"]
    assert token.claims.pop("jti")
    assert token.claims == {
        "iss": ORIGIN,
        "aud": ORIGIN,
        "sub": key.client_id,
        "client_id": key.client_id,
        "iat": issued,
        "exp": issued + 600,
        "scope": body["scope"],
        "force": "kent",
    }


async def test_a_token_of_a_body_speaks_for_the_body(service: Service, http: httpx.AsyncClient) -> None:
    key = await service.client(("national:read",), body="nca")
    token = (await http.post("/oauth/token", data=token_form(key, service.clock()))).json()["access_token"]
    who = await http.get("/api/who", headers={"Authorization": f"Bearer {token}"})
    assert who.json() == {"force": None, "body": "nca", "permissions": ["national:read"]}


async def test_an_ed25519_key_is_as_good(service: Service, http: httpx.AsyncClient) -> None:
    key = await service.client()
    ours = OKPKey.generate_key("Ed25519", auto_kid=True)
    async with service.db.owner() as tx:
        statement = text("update client set public_key = cast(:key as jsonb) where client_id = :id")
        await tx.execute(statement, {"key": json.dumps(ours.as_dict(private=False)), "id": key.client_id})
    theirs = msgspec.structs.replace(key, private_key=dict(ours.as_dict(private=True)))
    assert (await http.post("/oauth/token", data=token_form(theirs, service.clock()))).status_code == 200


async def test_a_client_gets_the_scope_that_it_asks_for_and_no_more_than_its_own(
    service: Service, http: httpx.AsyncClient
) -> None:
    key = await service.client(SEALER)
    less = await http.post("/oauth/token", data=token_form(key, service.clock(), "returns:read"))
    assert less.json()["scope"] == "returns:read"
    for scope in ("returns:read national:read", "everything", "returns:read returns:read audit:read"):
        more = await http.post("/oauth/token", data=token_form(key, service.clock(), scope))
        assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")


async def test_an_assertion_works_once(service: Service, http: httpx.AsyncClient) -> None:
    key = await service.client()
    form = token_form(key, service.clock())
    answers = await asyncio.gather(*(http.post("/oauth/token", data=form) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5
    later = await http.post("/oauth/token", data=form)
    assert (later.status_code, later.json()["error"]) == (400, "invalid_client")
    assert later.headers["cache-control"] == "no-store"


async def test_two_clients_may_use_the_same_jti(service: Service, http: httpx.AsyncClient) -> None:
    for key in (await service.client(), await service.client()):
        form = form_of(assertion(service, key, jti="the same"))
        assert (await http.post("/oauth/token", data=form)).status_code == 200


NOW = 1772366400


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://elsewhere.example/oauth/token"},
        {"aud": [TOKEN, "https://elsewhere.example"]},
        {"aud": []},
        {"aud": None},
        {"aud": 5},
        {"aud": f"{TOKEN}/"},
        {"exp": None},
        {"exp": NOW - 11},
        {"exp": NOW + 320},
        {"exp": float("nan")},
        {"exp": "9999999999"},
        {"exp": 10**400},
        {"nbf": NOW + 60},
        {"iat": NOW + 60},
        {"jti": None},
        {"jti": 7},
        {"jti": ""},
        {"iss": "someone else"},
        {"iss": None},
        {"sub": None},
        {"sub": "nobody-0000000000", "iss": "nobody-0000000000"},
        {"sub": "\x00", "iss": "\x00"},
        {"sub": ["a"], "iss": ["a"]},
    ],
    ids=str,
)
async def test_an_assertion_with_a_wrong_claim_is_refused(
    service: Service, http: httpx.AsyncClient, claims: dict[str, Any]
) -> None:
    key = await service.client()
    response = await http.post("/oauth/token", data=form_of(assertion(service, key, **claims)))
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client"), response.text


@pytest.mark.parametrize("audience", [TOKEN, ORIGIN, [TOKEN], [ORIGIN, TOKEN]], ids=str)
async def test_an_assertion_may_name_the_endpoint_or_the_issuer(
    service: Service, http: httpx.AsyncClient, audience: object
) -> None:
    key = await service.client()
    response = await http.post("/oauth/token", data=form_of(assertion(service, key, aud=audience)))
    assert response.status_code == 200


async def test_an_assertion_of_another_key_or_algorithm_is_refused(service: Service, http: httpx.AsyncClient) -> None:
    key = await service.client()
    issued = int(service.clock().timestamp())
    claims = {"iss": key.client_id, "sub": key.client_id, "aud": TOKEN, "exp": issued + 60, "jti": "x"}
    other = ECKey.generate_key("P-256")
    public = json.dumps(ECKey.import_key(key.private_key).as_dict(private=False))
    forged = {
        "another key": signed(other, {"alg": "ES256"}, claims),
        "its own key": signed(other, {"alg": "ES256", "jwk": other.as_dict(private=False)}, claims),
        "jku": signed(other, {"alg": "ES256", "jku": "https://evil.example/keys"}, claims),
        "a secret": signed(OctKey.import_key(public), {"alg": "HS256"}, claims),
        "Ed25519": signed(OKPKey.generate_key("Ed25519"), {"alg": "Ed25519"}, claims),
        "no algorithm": unsigned({"alg": "none"}, claims),
        "an access token": assertion(service, key, header={"typ": "at+jwt"}),
        "five parts": "a.b.c.d.e",
        "not ascii": "é.é.é",
        "empty parts": "..",
        "deep": unsigned({"alg": "ES256"}, {}) + "W" * 10,
    }
    for what, token in forged.items():
        response = await http.post("/oauth/token", data=form_of(token))
        assert (response.status_code, response.json()["error"]) == (400, "invalid_client"), what


async def test_a_disabled_client_gets_no_token(service: Service, http: httpx.AsyncClient) -> None:
    key = await service.client()
    await disable_client(service.db, key.client_id, service.clock())
    response = await http.post("/oauth/token", data=token_form(key, service.clock()))
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"client_assertion": ""}, "invalid_client"),
        ({"client_assertion_type": "urn:other"}, "invalid_client"),
        ({"client_id": "someone-else"}, "invalid_client"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
    ],
    ids=str,
)
async def test_a_request_that_is_not_ours_is_refused_in_the_shape_of_oauth(
    service: Service, http: httpx.AsyncClient, change: dict[str, str], error: str
) -> None:
    key = await service.client()
    response = await http.post("/oauth/token", data=token_form(key, service.clock()) | change)
    assert (response.status_code, response.json()["error"]) == (400, error)
    assert response.headers["content-type"] == "application/json"


async def test_a_body_that_is_no_form_is_refused_in_the_shape_of_oauth(
    service: Service, http: httpx.AsyncClient
) -> None:
    key = await service.client()
    form = token_form(key, service.clock())
    type_of_form = {"Content-Type": "application/x-www-form-urlencoded"}
    refused = [
        await http.post("/oauth/token", json=form),
        await http.post(
            "/oauth/token", content=urlencode([*form.items(), ("scope", "a"), ("scope", "b")]), headers=type_of_form
        ),
        await http.post("/oauth/token", content=b"grant_type=\xff", headers=type_of_form),
        await http.post("/oauth/token", content=b"grant_type=%ff", headers=type_of_form),
        await http.post("/oauth/token", content="&".join(f"a{n}=1" for n in range(50)), headers=type_of_form),
        await http.post("/oauth/token"),
    ]
    assert [(answer.status_code, answer.json()["error"]) for answer in refused] == [(400, "invalid_request")] * 6
    large = await http.post("/oauth/token", content=b"a=" + b"x" * 20_000, headers=type_of_form)
    assert (large.status_code, large.json()["error"]) == (413, "invalid_request")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.dictionaries(
        st.sampled_from(["alg", "typ", "kid", "crit", "b64"]),
        st.text() | st.integers() | st.none() | st.lists(st.text()),
    ),
    claims=st.dictionaries(
        st.sampled_from(["iss", "sub", "aud", "exp", "jti"]),
        st.text() | st.integers() | st.none() | st.lists(st.text()),
    )
    | st.lists(st.integers()),
    signature=st.binary(max_size=80),
)
async def test_no_assertion_breaks_the_endpoint(
    service: Service, http: httpx.AsyncClient, header: dict[str, Any], claims: Any, signature: bytes
) -> None:
    response = await http.post("/oauth/token", data=form_of(unsigned(header, claims, signature)))
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client")


async def test_the_metadata_lead_from_the_resource_to_the_keys(service: Service, http: httpx.AsyncClient) -> None:
    resource = (await http.get("/.well-known/oauth-protected-resource")).json()
    issuer = (await http.get("/.well-known/oauth-authorization-server")).json()
    assert resource["resource"] == ORIGIN
    assert resource["authorization_servers"] == [issuer["issuer"]] == [ORIGIN]
    assert issuer["token_endpoint"] == TOKEN
    assert issuer["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    keys = (await http.get(issuer["jwks_uri"].removeprefix(ORIGIN))).json()["keys"]
    assert [set(key) for key in keys] == [{"kty", "crv", "x", "y", "use", "alg", "kid"}]


async def test_keys_rotate_while_the_service_runs(service: Service, http: httpx.AsyncClient) -> None:
    async def token() -> str:
        response = await http.post("/oauth/token", data=token_form(key, service.clock()))
        return str(response.json()["access_token"])

    async def status(value: str) -> int:
        return (await http.get("/api/who", headers={"Authorization": f"Bearer {value}"})).status_code

    key = await service.client()
    old_kid = (await http.get("/oauth/jwks")).json()["keys"][0]["kid"]
    old = await token()
    assert await status(old) == 200
    new_kid = rotate_keys(service.key_file)
    new = await token()
    assert jwt.decode(new, KeySet.import_key_set((await http.get("/oauth/jwks")).json())).header["kid"] == new_kid
    assert [await status(old), await status(new)] == [200, 200]
    remove_key(service.key_file, old_kid)
    assert [await status(old), await status(new)] == [401, 200]
    assert [item["kid"] for item in (await http.get("/oauth/jwks")).json()["keys"]] == [new_kid]
    with pytest.raises(Conflict):
        remove_key(service.key_file, new_kid)
    with pytest.raises(NotFound):
        remove_key(service.key_file, old_kid)


async def test_without_its_key_file_the_issuer_is_not_available(service: Service, http: httpx.AsyncClient) -> None:
    key = await service.client()
    service.key_file.unlink()
    response = await http.post("/oauth/token", data=token_form(key, service.clock()))
    assert response.status_code == 503
    assert response.headers["retry-after"]


def test_signing_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing-keys.json"
    ensure_keys(path)
    made = path.read_bytes()
    ensure_keys(path)
    assert path.read_bytes() == made
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(KeysExposed):
        SigningKeys(path).current()


async def test_a_client_key_is_written_once_and_reads_back(service: Service, tmp_path: Path) -> None:
    key = await service.client()
    path = tmp_path / "kent.json"
    write_key(path, key)
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(path.read_text())) == {"client_id", "issuer", "token_endpoint", "audience", "private_key"}
    assert read_key(path) == key
    with pytest.raises(Conflict):
        write_key(path, key)
    readdress_key(path, Addresses("http://127.0.0.1:9000"))
    assert read_key(path).token_endpoint == "http://127.0.0.1:9000/oauth/token"
    assert read_key(path).private_key == key.private_key
    assert path.stat().st_mode & 0o777 == 0o600
    assert "private_key=***" in repr(key)


async def test_the_database_holds_no_private_key_and_the_log_says_who_was_added(service: Service) -> None:
    key = await service.client()
    await disable_client(service.db, key.client_id, service.clock())
    async with service.db.owner() as tx:
        stored = (
            await tx.execute(text("select public_key from client where client_id = :id"), {"id": key.client_id})
        ).scalar_one()
        entries = (
            await tx.execute(
                text("select action, details from audit_entry where subject = :id order by index"),
                {"id": key.client_id},
            )
        ).all()
    assert set(stored) == {"kty", "crv", "x", "y", "use", "alg", "kid"}
    assert [entry.action for entry in entries] == ["client_added", "client_disabled"]
    assert entries[0].details == {"for": "kent", "permissions": ["returns:read"], "key": stored["kid"]}
    assert key.client_id in {client.client_id for client in await list_clients(service.db)}


@pytest.mark.parametrize(
    ("whose", "permissions"),
    [
        ({"force": "nowhere"}, ("returns:read",)),
        ({"body": "mi5"}, ("national:read",)),
        ({"force": "kent", "body": "nca"}, ("returns:read",)),
        ({"force": "kent"}, ("national:read",)),
        ({"body": "nca"}, ("returns:write",)),
        ({"force": "kent"}, ()),
        ({"force": "kent"}, ("returns:everything",)),
    ],
    ids=str,
)
async def test_a_client_that_cannot_be_is_not_added(
    service: Service, whose: dict[str, str], permissions: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid):
        await service.client(permissions, **whose)


@pytest.mark.parametrize(
    "origin",
    [
        "http://returns.example",
        "https://returns.example/",
        "https://returns.example/api",
        "returns.example",
        "https://",
        "ftp://127.0.0.1",
    ],
)
def test_tokens_are_not_sent_in_the_clear_over_a_network(service: Service, origin: str) -> None:
    with pytest.raises(Invalid):
        Issuer(Addresses(origin), SigningKeys(service.key_file), service.db, None, service.clock)  # type: ignore[arg-type]


async def test_used_assertions_are_forgotten_when_they_could_not_be_used_anyway(
    service: Service, http: httpx.AsyncClient
) -> None:
    key = await service.client()
    await http.post("/oauth/token", data=token_form(key, service.clock()))
    service.clock.forward(hours=1)
    await http.post("/oauth/token", data=token_form(key, service.clock()))
    async with service.db.owner() as tx:
        left = (
            await tx.execute(text("select expires from assertion_used where client_id = :id"), {"id": key.client_id})
        ).all()
    assert len(left) == 1
    assert left[0].expires > service.clock() - timedelta(minutes=1)


async def test_the_application_can_neither_add_nor_change_a_client(service: Service) -> None:
    key = await service.client()
    for statement in (
        "update client set permissions = '{national:read}'",
        "delete from client",
        "delete from assertion_used",
    ):
        with pytest.raises(Exception, match="permission denied"):
            async with service.db.app() as tx:
                await tx.execute(text(statement))
    assert sign_assertion(key, service.clock()) != sign_assertion(key, service.clock())
