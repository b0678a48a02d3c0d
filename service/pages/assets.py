"""Style sheets and scripts: what the build took from the npm registry, and the few files of our own.

Each is served under a path that names its content, so a browser may keep it for ever and never shows an old one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from litestar import Response, Router, get
from litestar.params import FromPath

from service.errors import CaseReturnsError, NotFound
from service.identity.principal import NOT_HERE

PATH: Final = "/assets"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_BUILT: Final = ("govuk-frontend.min.css", "govuk-frontend.min.js")


class AssetsMissing(CaseReturnsError):
    """The package was not built as it should be, or somebody removed the folder."""

    code = "assets-missing"

    def __init__(self) -> None:
        super().__init__(
            "The style sheets and scripts of the pages are missing from the installed package.",
            "Run: uv sync --reinstall-package case-returns",
        )


class Assets:
    """Every file that pages ask for, in memory: some two hundred kilobytes. Raises AssetsMissing."""

    def __init__(self) -> None:
        folder = files("service.pages")
        found: dict[str, bytes] = {}
        for part in ("static", "own"):
            inside = folder.joinpath(part)
            if inside.is_dir():
                found |= {file.name: file.read_bytes() for file in inside.iterdir() if _type_of(file.name)}
        if not all(name in found for name in _BUILT):
            raise AssetsMissing
        digest = hashlib.sha256(b"\0".join(name.encode() + b"\0" + found[name] for name in sorted(found)))
        self.files: Mapping[str, bytes] = found
        self.version = digest.hexdigest()[:12]
        """Of all of them together: scripts name each other by relative paths."""

    def address(self, name: str) -> str:
        """Where a page asks for a file; a name that there is not is an error when the page is made."""
        if name not in self.files:
            raise KeyError(name)
        return f"{PATH}/{self.version}/{name}"

    def routes(self) -> Router:
        """The files, for anybody: they say nothing."""

        @get("/{version:str}/{name:str}", include_in_schema=False)
        async def asset(version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
            if version != self.version or name not in self.files:
                raise NotFound(NOT_HERE)
            headers = {"Cache-Control": "public, max-age=31536000, immutable"}
            return Response(self.files[name], media_type=_type_of(name), headers=headers)

        return Router(PATH, route_handlers=[asset])


def _type_of(name: str) -> str | None:
    return _TYPES.get(name[name.rfind(".") :])
