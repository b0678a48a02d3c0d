"""The pictures of the documents: ``uv run python -m tests.support.screenshots`` writes ``docs/images/`` anew.

Each is taken of a real page in a real browser, on a desk and on a phone, over the demonstration of one seed seen at one
fixed moment, so that a picture changes where the page does. A name makes one alone: ``... screenshots national``.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct
from playwright.async_api import Browser, FilePayload

from service.contract.library import load_library
from service.demo.mess import messy
from service.demo.single import sample
from tests.support.browser import Tab, a_tab, running_browser
from tests.support.demonstration import a_demonstration
from tests.support.postgres import Server, running_server

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
LARGEST = 200_000
"""In bytes: a document with ten of them is still quick to read."""


class Shot(Struct, frozen=True, kw_only=True):
    """One picture: ``NAME-desktop.png`` and ``NAME-phone.png``.

    ``person`` signs in first, ``steps`` are done on the page at ``path``, and ``at`` is the part of it that is brought
    to the top of what the picture shows.
    """

    name: str
    path: str
    person: str | None = None
    steps: Callable[[Tab], Awaitable[None]] | None = None
    at: str | None = None


async def _open_the_form(tab: Tab) -> None:
    await tab.page.click("summary")


_MONTH = "/forces/kent/returns/2026-03"


def _with_a_messy_file(page: str) -> Callable[[Tab], Awaitable[None]]:
    """A page of the month's return, into which a messy spreadsheet was uploaded; opened where it is not yet."""

    async def steps(tab: Tab) -> None:
        if await tab.open(f"{_MONTH}/upload/cases") == 404:
            await tab.open("/forces/kent/open")
            await tab.page.get_by_label("March 2026").check()
            await tab.page.get_by_role("button", name="Open the return", exact=True).click()
            await tab.page.wait_for_url(f"**{_MONTH}*")
            rows = sample(load_library(), "kent", date(2026, 3, 14), number=120, seed=9)
            body = messy(rows.rows, 9, rows.fields).body
            await tab.open(f"{_MONTH}/upload/cases")
            await tab.page.set_input_files(
                "input[type=file]", FilePayload(name="cases.csv", mimeType="text/csv", buffer=body)
            )
            await tab.page.get_by_role("button", name="Upload", exact=True).click()
            await tab.page.wait_for_url("**/done/**")
        if (status := await tab.open(f"{_MONTH}{page}")) != 200:
            raise RuntimeError(f"{page}: {status}, {await tab.heading()}")

    return steps


SHOTS: Sequence[Shot] = (
    Shot(name="start", path="/"),
    Shot(name="sign-in", path="/sign-in"),
    Shot(name="national", person="nca", path="/national"),
    Shot(name="national-forces", person="nca", path="/national?sort=-most", at="#breakdown"),
    Shot(name="national-stages", person="nca", path="/national?by=stage", at="#breakdown"),
    Shot(name="national-reasons", person="nca", path="/national", at="#attrition"),
    Shot(name="national-referral", person="nca", path="/national?scope=2026-02-referral"),
    Shot(name="national-choose", person="nca", path="/national", steps=_open_the_form, at="details"),
    Shot(name="national-simulation", person="nca", path="/national/simulation?edition=2026-02-referral", at="#result"),
    Shot(
        name="national-bridge",
        person="nca",
        path="/national/bridge?from_scope=2025-11-wide&to_scope=2026-02-referral",
        at="#result",
    ),
    Shot(name="force-returns", person="kent", path="/forces/kent"),
    Shot(name="force-asked", person="kent", path="/forces/kent/work-list?scope=2026-02-referral"),
    Shot(name="force-return", person="kent", path="/forces/kent", steps=_with_a_messy_file("")),
    Shot(name="force-upload", person="kent", path="/forces/kent", steps=_with_a_messy_file("/upload/cases")),
    Shot(name="force-findings", person="kent", path="/forces/kent", steps=_with_a_messy_file("/findings")),
    Shot(name="force-held", person="kent", path="/forces/kent", steps=_with_a_messy_file("/held")),
    Shot(name="force-seal", person="kent", path="/forces/kent", steps=_with_a_messy_file("/seal")),
)


async def take(browser: Browser, origin: str, shot: Shot, folder: Path, *, phone: bool) -> Path:
    """One picture, as a person with that screen sees it."""
    async with a_tab(browser, origin, phone=phone) as tab:
        if shot.person is not None:
            await tab.sign_in(shot.person)
        status = await tab.open(shot.path)
        if status != 200:
            raise RuntimeError(f"{shot.path} answers {status}")
        if shot.steps is not None:
            await shot.steps(tab)
        if shot.at is not None:
            await tab.page.evaluate("at => document.querySelector(at).scrollIntoView()", shot.at)
        file = folder / f"{shot.name}-{'phone' if phone else 'desktop'}.png"
        await tab.page.screenshot(path=file, animations="disabled", caret="hide")
    if file.stat().st_size > LARGEST:
        raise RuntimeError(f"{file.name} has {file.stat().st_size:,} bytes")
    return file


async def take_all(server: Server, shots: Sequence[Shot], folder: Path) -> None:
    """All of them, one after the other, over one country: a page that changes something comes last in the list."""
    template = f"template_{secrets.token_hex(4)}"
    await server.migrated(template)
    with tempfile.TemporaryDirectory() as data:
        async with (
            server.copy_of(template) as made,
            a_demonstration(made.db, Path(data)) as served,
            running_browser() as browser,
        ):
            for shot in shots:
                for phone in (False, True):
                    file = await take(browser, served.addresses.origin, shot, folder, phone=phone)
                    print(f"{file.stat().st_size:>8,} bytes  {file.name}", flush=True)  # noqa: T201


def main(names: Sequence[str]) -> None:
    """Write the pictures that are named, or all."""
    unknown = set(names) - {shot.name for shot in SHOTS}
    if unknown:
        raise SystemExit(f"There is no picture {', '.join(sorted(unknown))}. All: {', '.join(s.name for s in SHOTS)}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_server() as server:
        asyncio.run(take_all(server, [shot for shot in SHOTS if not names or shot.name in names], FOLDER))


if __name__ == "__main__":
    main(sys.argv[1:])
