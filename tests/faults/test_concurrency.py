"""Threat cases 25 to 27, 30, 31 and 44: what happens when two come at once, and when one is very slow.

Who comes at once is made to wait for the force's lock, so that both have read the same draft before either may change
it; then they get the lock in the order in which they asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from service.contract.model import Code
from service.storage.database import Database, Limits, Pools
from tests.support.faults import Watch, at_once, force_held, is_in_order
from tests.support.postgres import TestDatabase
from tests.support.rows import a_row, as_csv, rows
from tests.support.server import Return, Served, a_served, good, problem


@pytest_asyncio.fixture(scope="module")
async def served(shared: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with a_served(shared.db, tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest_asyncio.fixture
async def november(served: Served, force: Code) -> Return:
    """The force's first return, opened."""
    item = Return(await served.client(force.code), force.code)
    await item.open()
    return item


async def ready(item: Return, count: int = 3) -> str:
    """The return with rows and answers, so that it can be sealed; its ETag."""
    await item.upload(as_csv(rows(count)))
    await item.explain_all()
    return await item.etag()


async def refs(item: Return) -> list[str]:
    """The references of the return's cases."""
    answered = await item.client.get(f"{item.path}/cases", headers={"Accept": "text/csv"})
    assert answered.is_success, answered.text
    heading, *lines = answered.text.splitlines()
    place = heading.split(",").index("case_ref")
    return sorted(line.split(",")[place] for line in lines)


async def keyed(item: Return, key: str, content: str, **headers: str) -> httpx.Response:
    """An upload with an Idempotency-Key."""
    given = {"Content-Type": "text/csv", "Idempotency-Key": key, **headers}
    return await item.client.post(f"{item.path}/cases", content=content, headers=given)


async def matched(item: Return, etag: str, content: str) -> httpx.Response:
    """An upload to the draft that has this ETag."""
    given = {"Content-Type": "text/csv", "If-Match": etag}
    return await item.client.post(f"{item.path}/cases", content=content, headers=given)


async def test_two_seals_of_one_draft_at_once_get_one_receipt(
    shared: TestDatabase, november: Return, watch: Watch
) -> None:
    etag = await ready(november)
    first, second = await at_once(shared, watch, november.send_seal(etag), november.send_seal(etag, name="B. Other"))
    assert good(first) == good(second)
    assert first.headers["etag"] == second.headers["etag"]
    assert good(first)["signed_by"]["name"] == "A. Signer"
    assert await watch.actions("return_sealed") == 1
    assert await watch.count("tally") == 2
    assert await watch.count("case_version") == 3
    await is_in_order(shared.db)


async def test_of_two_uploads_at_once_one_wins_and_the_other_can_be_sent_again(
    shared: TestDatabase, november: Return, watch: Watch
) -> None:
    one = as_csv([a_row(case_ref="K/1"), a_row(case_ref="K/2", victim_count=5)])
    other = as_csv([a_row(case_ref="K/2", victim_count=7), a_row(case_ref="K/3")])
    first, second = await at_once(shared, watch, november.send(one), november.send(other))
    assert good(first)["new"] == 2
    assert problem(second, 409, "draft-moved")["do"]
    assert await refs(november) == ["K/1", "K/2"]
    again = await november.upload(other)
    assert (again["new"], again["changed"]) == (1, 1)
    assert await refs(november) == ["K/1", "K/2", "K/3"]
    assert await watch.actions("case_uploaded") == 2


async def test_uploads_of_different_parts_at_once_do_not_mix(
    shared: TestDatabase, november: Return, watch: Watch
) -> None:
    cells = "nfa_date,setting,cases\n2014,intrafamilial,37\n"
    part = november.client.put(f"{november.path}/aggregates", content=cells, headers={"Content-Type": "text/csv"})
    first, second = await at_once(shared, watch, november.send(as_csv(rows(2))), part)
    assert good(first)["new"] == 2
    problem(second, 409, "draft-moved")
    assert await watch.count("aggregate_cell") == 0


async def test_an_upload_that_comes_while_sealing_is_refused_and_the_seal_is_of_what_was_signed(
    shared: TestDatabase, november: Return, watch: Watch
) -> None:
    etag = await ready(november)
    late = as_csv([a_row(case_ref="K/9"), a_row(case_ref="K/1", victim_count=9)])
    sealed, refused = await at_once(shared, watch, november.send_seal(etag), november.send(late))
    assert good(sealed)["counts"]["cases"] == 3
    assert "correction" in problem(refused, 409, "not-open")["do"]
    assert await refs(november) == ["K/1", "K/2", "K/3"]
    assert await watch.count("draft_case") == 0
    assert await watch.count("case_version", "victim_count_lo = 9") == 0


async def test_a_seal_that_comes_while_an_upload_is_taken_in_is_refused_and_nothing_is_sealed_unseen(
    shared: TestDatabase, november: Return, watch: Watch
) -> None:
    etag = await ready(november)
    taken, refused = await at_once(
        shared, watch, november.send(as_csv([a_row(case_ref="K/4")])), november.send_seal(etag)
    )
    assert good(taken)["new"] == 1
    problem(refused, 412, "draft-moved")
    await november.explain_all()
    assert (await november.seal())["counts"]["cases"] == 4


async def test_an_answer_given_while_sealing_is_refused(shared: TestDatabase, november: Return, watch: Watch) -> None:
    await november.upload(as_csv(rows(2, stage="assessed")))
    await november.explain_all()
    etag, answers = await november.etag(), [{"rule": "Q310", "words": "Something else"}]
    late = november.client.put(f"{november.path}/explanations", json={"answers": answers})
    sealed, refused = await at_once(shared, watch, november.send_seal(etag), late)
    good(sealed)
    problem(refused, 409, "not-open")
    assert await watch.count("answer", "words = 'Something else'") == 0


async def test_whoever_sends_the_etag_of_an_older_draft_overwrites_nothing(november: Return, watch: Watch) -> None:
    etag = await november.etag()
    good(await matched(november, etag, as_csv(rows(1))))
    before = await watch.everything()
    problem(await matched(november, etag, as_csv([a_row(victim_count=9)])), 412, "draft-moved")
    assert await watch.everything() == before


async def test_of_two_who_send_one_etag_at_once_one_is_told_that_it_is_old(
    shared: TestDatabase, november: Return, watch: Watch
) -> None:
    etag = await november.etag()
    first, second = await at_once(
        shared,
        watch,
        matched(november, etag, as_csv(rows(1))),
        matched(november, etag, as_csv([a_row(victim_count=9)])),
    )
    assert good(first)["new"] == 1
    problem(second, 412, "draft-moved")
    assert await watch.count("draft_case", "victim_count_lo = 9") == 0


async def test_one_idempotency_key_twice_at_once_has_one_effect_and_one_answer(
    shared: TestDatabase, november: Return, watch: Watch
) -> None:
    content = as_csv(rows(2))
    first, second = await at_once(shared, watch, keyed(november, "one", content), keyed(november, "one", content))
    assert good(first)["new"] == 2
    assert good(second) == good(first)
    etag = await november.etag()
    assert good(await keyed(november, "one", content)) == good(first)
    assert await november.etag() == etag
    assert await watch.actions("case_uploaded") == 1


async def test_one_idempotency_key_with_two_bodies_at_once_is_refused(
    shared: TestDatabase, november: Return, watch: Watch
) -> None:
    first, second = await at_once(
        shared,
        watch,
        keyed(november, "one", as_csv(rows(2))),
        keyed(november, "one", as_csv(rows(3))),
    )
    assert good(first)["new"] == 2
    problem(second, 422, "idempotency-key-reused")
    problem(await keyed(november, "one", as_csv(rows(4))), 422, "idempotency-key-reused")
    assert len(await refs(november)) == 2


async def test_an_answer_is_given_again_after_the_return_was_sealed(november: Return) -> None:
    content = as_csv(rows(2))
    first = good(await keyed(november, "one", content))
    await november.explain_all()
    await november.seal()
    assert good(await keyed(november, "one", content)) == first
    problem(await keyed(november, "two", content), 409, "not-open")


async def test_two_who_open_one_period_at_once_open_one_return(
    shared: TestDatabase, november: Return, watch: Watch
) -> None:
    december = Return(november.client, november.force, "2025-12")
    first, second = await at_once(
        shared,
        watch,
        november.client.put(december.path),
        november.client.put(december.path),
    )
    assert [first.status_code, second.status_code] == [201, 200]
    assert first.headers["etag"] == second.headers["etag"]
    assert await watch.count("case_return") == 2


async def test_two_periods_sealed_at_once_go_one_after_the_other(
    shared: TestDatabase, november: Return, watch: Watch
) -> None:
    december = Return(november.client, november.force, "2025-12")
    await december.open()
    etag = await ready(november)
    await december.upload(as_csv([a_row(case_ref="K/1"), a_row(case_ref="K/8")]))
    await december.explain_all()
    first, second = await at_once(shared, watch, november.send_seal(etag), december.send_seal(await december.etag()))
    assert good(first)["counts"]["cases"] == 3
    problem(second, 412, "draft-moved")
    assert (await december.read())["counts"]["cases"] == 4
    await december.explain_all()
    assert (await december.seal())["counts"]["cases"] == 4
    await is_in_order(shared.db)


async def test_an_older_period_is_not_sealed_behind_a_newer_one_that_comes_first(
    shared: TestDatabase, november: Return, watch: Watch
) -> None:
    december = Return(november.client, november.force, "2025-12")
    await december.open()
    early, late = await ready(december), await ready(november)
    first, second = await at_once(shared, watch, december.send_seal(early), november.send_seal(late))
    good(first)
    assert second.status_code in (409, 412)
    assert await watch.count("case_return", "state = 'sealed'") == 1


async def test_forces_that_seal_at_once_stand_in_one_order_without_gaps(
    shared: TestDatabase, served: Served, forces: Iterator[Code]
) -> None:
    nca = await served.client(None, body="nca")
    before = good(await nca.get("/api/national/picture"))["totals"]["in_scope"]
    returns = [Return(await served.client(item.code), item.code) for item in islice(forces, 6)]
    for item in returns:
        await item.open()
        await ready(item)
    receipts = await asyncio.gather(*(item.seal() for item in returns))
    positions = sorted(receipt["position"] for receipt in receipts)
    assert positions == list(range(positions[0], positions[0] + 6))
    assert len({receipt["audit"]["index"] for receipt in receipts}) == 6
    await is_in_order(shared.db)
    assert good(await nca.get("/api/national/picture"))["totals"]["in_scope"] == before + 3 * 6


async def test_a_slow_sender_holds_neither_lock_nor_connection(
    shared: TestDatabase, tmp_path: Path, force: Code
) -> None:
    one_connection = Pools(app=Limits(connections=1, wait=5.0))
    narrow = Database(shared.urls.service, owner_url=shared.urls.owner, pools=one_connection)
    try:
        async with a_served(narrow, tmp_path) as served:
            november = Return(await served.client(force.code), force.code)
            await november.open()
            go_on, begun = asyncio.Event(), asyncio.Event()
            slow = asyncio.create_task(november.send(_halting(as_csv([a_row(case_ref="K/9")]), begun, go_on)))
            await begun.wait()
            etag = await ready(november)
            good(await november.send_seal(etag))
            go_on.set()
            problem(await slow, 409, "not-open")
            assert await refs(november) == ["K/1", "K/2", "K/3"]
    finally:
        await narrow.close()


async def _halting(content: str, begun: asyncio.Event, go_on: asyncio.Event) -> AsyncIterator[bytes]:
    """A body whose second half comes when it is told to."""
    raw = content.encode()
    yield raw[: len(raw) // 2]
    begun.set()
    await go_on.wait()
    yield raw[len(raw) // 2 :]


async def test_a_force_waits_for_no_other_forces_lock(
    shared: TestDatabase, served: Served, november: Return, forces: Iterator[Code], watch: Watch
) -> None:
    other = next(forces).code
    neighbour = Return(await served.client(other), other)
    await neighbour.open()
    async with force_held(shared, watch.force):
        etag = await ready(neighbour)
        good(await neighbour.send_seal(etag))


async def test_a_dry_run_and_every_reading_go_on_while_the_forces_lock_is_held(
    shared: TestDatabase, november: Return, watch: Watch
) -> None:
    await november.upload(as_csv(rows(2)))
    async with force_held(shared, watch.force):
        assert (await november.upload(as_csv(rows(3)), dry_run="true"))["new"] == 1
        assert (await november.read())["counts"]["cases"] == 2
        assert len(await refs(november)) == 2
        await november.findings()
