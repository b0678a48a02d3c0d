"""The last states of a draft over HTTP: listed, brought back by those who may and who have seen it as it is."""

from __future__ import annotations

from tests.support.returns import both_versions, opened
from tests.support.rows import as_csv, rows
from tests.support.server import Return, Served, good, problem


async def test_a_wrong_snapshot_is_undone_and_that_too(november: Return) -> None:
    await november.upload(as_csv(rows(3)))
    await november.upload(as_csv(rows(1)), mode="snapshot")
    listed = good(await november.client.get(f"{november.path}/states"))
    newest, oldest = listed["items"]
    assert newest["before"] == {"what": "upload", "part": "case", "mode": "snapshot", "media": "text/csv", "rows": 1}
    assert (newest["counts"]["cases"], oldest["counts"]["cases"], listed["next"]) == (3, 0, None)
    answered = await november.client.post(newest["links"]["restore"], headers={"If-Match": await november.etag()})
    after = good(answered)
    assert (after["counts"]["cases"], after["counts"]["not_in_snapshot"]) == (3, 0)
    assert answered.headers["etag"] == await november.etag()
    again = good(await november.client.get(f"{november.path}/states"))["items"][0]
    assert again["before"]["what"] == "restore"
    assert good(await november.client.post(again["links"]["restore"], json={}))["counts"]["not_in_snapshot"] == 2


async def test_a_state_is_brought_back_once_by_one_key(november: Return) -> None:
    for count in (1, 2):
        await november.upload(as_csv(rows(count)))
    headers = {"Idempotency-Key": "undo-1"}
    made = [await november.client.post(f"{november.path}/states/2/restore", headers=headers) for _ in range(2)]
    assert {answered.status_code for answered in made} == {200}
    assert made[0].content == made[1].content
    assert [state["n"] for state in good(await november.client.get(f"{november.path}/states"))["items"]] == [3, 2, 1]


async def test_a_state_that_is_not_there_or_not_seen_or_not_ones_own_is_refused(
    served: Served, november: Return
) -> None:
    seen = await november.etag()
    await november.upload(as_csv(rows(1)))
    path = f"{november.path}/states/1/restore"
    problem(await november.client.post(path, headers={"If-Match": seen}), 412, "draft-moved")
    problem(await november.client.post(path, json={"n": 1}), 422, "body")
    for other, code in (("7", "no-such-state"), ("one", "not-found"), ("9999999999", "not-found")):
        problem(await november.client.post(f"{november.path}/states/{other}/restore"), 404, code)
    essex, reader = await served.client("essex"), await served.client("kent", "returns:read")
    problem(await essex.post(path), 404)
    problem(await essex.get(f"{november.path}/states"), 404)
    problem(await reader.post(path), 403, "missing-permission")
    assert len(good(await reader.get(f"{november.path}/states"))["items"]) == 1
    await november.explain_all()
    await november.seal()
    assert good(await november.client.get(f"{november.path}/states"))["items"] == []
    problem(await november.client.post(path), 409, "not-open")


async def test_a_state_of_another_version_says_so_and_is_refused_where_that_is_not_taken(
    served: Served, november: Return
) -> None:
    await november.upload(as_csv(rows(1)))
    await opened(both_versions(served.context), "kent", "2025-11", contract_version="2026.1")
    (state,) = good(await november.client.get(f"{november.path}/states"))["items"]
    assert state["contract_version"] == "2025.1"
    back = good(await november.client.post(state["links"]["restore"]))
    assert (back["contract_version"], back["notes"]) == (
        "2025.1",
        [
            "The return is written in contract version 2025.1 again, as it was then; until now it was written in "
            "2026.1. Send files by the names and codes of 2025.1."
        ],
    )
    newer = good(await november.client.get(f"{november.path}/states"))["items"][0]
    assert newer["contract_version"] == "2026.1"
    refused = problem(await november.client.post(newer["links"]["restore"]), 422, "contract-not-accepted")
    assert "do not take" in refused["detail"]
