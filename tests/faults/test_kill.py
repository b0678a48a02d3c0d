"""Threat cases 31, 32 and 34: the service is killed, or its sender goes away, in the middle of an upload or a seal.

A request is stopped at one exact step, by a lock on the table that it writes there, and the service is killed with -9
while it stands. After a restart nothing of the request stands, and it can be sent again.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from service.contract.model import Code
from tests.support.faults import Watch, closed, is_in_order, until
from tests.support.postgres import TestDatabase
from tests.support.process import Process, a_process
from tests.support.rows import a_row, as_csv, as_ndjson, rows
from tests.support.server import Return, good

SENT = as_csv(
    [
        a_row(case_ref="K/2", victim_count=7, stage="assessed"),
        a_row(case_ref="K/4"),
        a_row(case_ref="K/5", setting="a place that is in no list"),
    ]
)
"""Changes one case, adds one, and holds one row; the changed one has findings that wait for words."""

KEY = {"Content-Type": "text/csv", "Idempotency-Key": "one"}

under_proc = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="what a process has open is seen in /proc")


@pytest_asyncio.fixture(scope="module")
async def process(shared: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Process]:
    async with a_process(shared, tmp_path_factory.mktemp("process")) as running:
        yield running


@pytest_asyncio.fixture
async def november(process: Process, force: Code) -> Return:
    """The force's first return with three cases in its draft, which could be sealed."""
    item = Return(await process.client(force.code), force.code)
    await item.open()
    await item.upload(as_csv(rows(3)))
    await item.explain_all()
    return item


async def send(item: Return) -> httpx.Response:
    return await item.client.post(f"{item.path}/cases", content=SENT, headers=KEY)


async def killed_at(process: Process, watch: Watch, table: str, request: Coroutine[Any, Any, Any]) -> None:
    """Send a request, kill the service when the request stands at its write of a table, and start it again."""
    async with closed(process.database, table):
        task = asyncio.create_task(request)
        await until(watch.waits, f"the request stands at {table}")
        await process.kill()
        with pytest.raises(httpx.TransportError):
            await task
    await process.start()


@pytest.mark.parametrize(
    "table",
    ["held_row", "finding", "draft_case", "idempotent_answer", "audit_head"],
)
async def test_of_an_upload_cut_off_at_any_step_nothing_stands_and_it_can_be_sent_again(
    process: Process, november: Return, watch: Watch, table: str
) -> None:
    before, etag = await watch.everything(), await november.etag()
    await killed_at(process, watch, table, send(november))
    assert await watch.everything() == before
    assert await november.etag() == etag
    came = good(await send(november))
    assert (came["new"], came["changed"], came["held"]) == (1, 1, 1)
    assert (await watch.count("draft_case"), await watch.count("held_row")) == (4, 1)
    assert await watch.actions("case_uploaded") == 2
    await is_in_order(process.database.db)


@pytest.mark.parametrize(
    "table",
    ["case_version", "draft_case", "change", "tally_margin", "audit_entry", "case_return"],
)
async def test_a_seal_cut_off_at_any_step_leaves_the_return_open_with_its_draft(
    process: Process, november: Return, watch: Watch, table: str
) -> None:
    before, etag = await watch.everything(), await november.etag()
    await killed_at(process, watch, table, november.send_seal(etag))
    assert await watch.everything() == before
    assert (await november.read())["state"] == "open"
    receipt = good(await november.send_seal(etag))
    assert [tally["totals"]["in_scope"] for tally in receipt["tallies"]] == [3, 0]
    assert (await watch.count("case_version"), await watch.count("draft_case")) == (3, 0)
    assert (await watch.count("tally"), await watch.actions("return_sealed")) == (2, 1)
    await is_in_order(process.database.db)


async def test_an_upload_killed_while_its_rows_are_read_leaves_nothing(
    process: Process, november: Return, watch: Watch
) -> None:
    before = await watch.everything()
    many = as_ndjson(rows(20_000))
    task = asyncio.create_task(november.send(many, "application/x-ndjson"))
    await until(lambda: watch.runs("copy"), "the rows are on their way into the database")
    await process.kill()
    with pytest.raises(httpx.TransportError):
        await task
    await process.start()
    await until(watch.idle, "the transaction of the killed service is gone")
    assert await watch.everything() == before
    assert (await november.upload(as_csv(rows(4))))["new"] == 1


async def test_nobody_waits_for_what_a_killed_service_was_waiting_for(
    process: Process, november: Return, watch: Watch
) -> None:
    async with closed(process.database, "draft_case"):
        task = asyncio.create_task(send(november))
        await until(watch.waits, "the upload stands, with the force's lock in its hand")
        await process.kill()
        with pytest.raises(httpx.TransportError):
            await task
        await until(watch.idle, "the transaction of the killed service is gone, though its statement still waited")
    await process.start()
    good(await send(november))


async def test_the_answer_that_a_crash_swallowed_is_given_when_the_request_comes_again(
    process: Process, november: Return, watch: Watch
) -> None:
    came = good(await send(november))  # and let nobody have heard it
    etag = await november.etag()
    await process.kill()
    await process.start()
    assert good(await send(november)) == came
    assert await november.etag() == etag
    assert await watch.actions("case_uploaded") == 2


async def test_the_receipt_that_a_crash_swallowed_is_given_when_the_seal_comes_again(
    process: Process, november: Return, watch: Watch
) -> None:
    etag = await november.etag()
    receipt = good(await november.send_seal(etag))
    await process.kill()
    await process.start()
    assert good(await november.send_seal(etag)) == receipt
    assert await watch.actions("return_sealed") == 1


class Sender:
    """A client that can go away in the middle of a request, as a cut line does."""

    def __init__(self, item: Return, process: Process, headers: dict[str, str]) -> None:
        lines = [f"POST {item.path}/cases HTTP/1.1", f"Host: 127.0.0.1:{process.settings.port}"]
        given = {"Authorization": item.client.headers["Authorization"], "Content-Type": "text/csv", **headers}
        head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in given.items()), "", ""])
        self._socket = socket.create_connection(("127.0.0.1", process.settings.port))
        self._socket.sendall(head.encode())

    def send(self, content: str) -> None:
        self._socket.sendall(content.encode())

    def go_away(self, *, abruptly: bool = False) -> None:
        if abruptly:  # a reset instead of a farewell
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


@under_proc
@pytest.mark.parametrize("abruptly", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("framing", ["length", "chunks"])
async def test_of_an_upload_whose_line_is_cut_nothing_stands_and_nothing_is_kept(
    process: Process, november: Return, watch: Watch, framing: str, abruptly: bool
) -> None:
    before = await watch.everything()
    half = SENT[: SENT.rindex("K/5")]  # whole rows, that could be taken for all of it
    if framing == "length":
        sender = Sender(november, process, {"Content-Length": str(len(SENT))})
        sender.send(half)
    else:
        sender = Sender(november, process, {"Transfer-Encoding": "chunked"})
        sender.send(f"{len(half):x}\r\n{half}\r\n")
    await until(process.receives, "the upload is on its way")
    sender.go_away(abruptly=abruptly)
    await until(lambda: not process.receives(), "what was received is given back")
    await until(watch.idle, "nothing is under way")
    assert await watch.everything() == before
    assert good(await send(november))["received"] == 3


@under_proc
async def test_of_an_upload_killed_while_it_is_received_nothing_stands(
    process: Process, november: Return, watch: Watch
) -> None:
    before = await watch.everything()
    sender = Sender(november, process, {"Content-Length": str(len(SENT))})
    sender.send(SENT[: len(SENT) // 2])
    await until(process.receives, "the upload is on its way")
    await process.kill()
    sender.go_away()
    await process.start()
    assert await watch.everything() == before
    assert good(await send(november))["received"] == 3


async def test_a_sender_who_leaves_before_the_answer_has_one_effect_and_finds_the_answer_later(
    process: Process, november: Return, watch: Watch
) -> None:
    sender = Sender(november, process, {"Content-Length": str(len(SENT)), **KEY})
    async with closed(process.database, "draft_case"):
        sender.send(SENT)
        await until(watch.waits, "the upload is being taken in")
        sender.go_away(abruptly=True)
    await until(lambda: watch.count("idempotent_answer"), "the upload is taken in")
    etag = await november.etag()
    came = good(await send(november))
    assert (came["new"], came["changed"], came["held"]) == (1, 1, 1)
    assert await november.etag() == etag
    assert await watch.actions("case_uploaded") == 2
