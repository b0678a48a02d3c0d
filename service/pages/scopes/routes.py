"""All pages of the scope editions."""

from __future__ import annotations

from litestar import Router

from service.pages.scopes import deciding, drafting, showing
from service.pages.scopes.desk import desk_routes


def scopes_routes() -> Router:
    """The editions, and what takes them along."""
    return Router(
        "/",
        route_handlers=[
            showing.show_scopes,
            showing.show_scope,
            drafting.show_drafting,
            drafting.take_draft,
            drafting.show_changing,
            drafting.take_change,
            *desk_routes(deciding.DESK),
        ],
    )
