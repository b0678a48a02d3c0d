"""All pages of the editions of the terms."""

from __future__ import annotations

from litestar import Router

from service.pages.scopes.desk import desk_routes
from service.pages.terms import deciding, drafting, showing


def terms_routes() -> Router:
    """The editions, and what takes them along."""
    return Router(
        "/",
        route_handlers=[
            showing.show_all_terms,
            showing.show_terms,
            drafting.show_drafting_terms,
            drafting.take_terms_draft,
            drafting.show_changing_terms,
            drafting.take_terms_change,
            *desk_routes(deciding.DESK),
        ],
    )
