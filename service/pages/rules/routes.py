"""All pages of the rules."""

from __future__ import annotations

from litestar import Router

from service.pages.rules import deciding, listing, proposing


def rules_routes() -> Router:
    """The notices, and what adopts them."""
    return Router(
        "/",
        route_handlers=[
            listing.show_rules,
            proposing.show_proposing,
            proposing.take_proposal,
            deciding.take_confirmation,
            deciding.take_rejection,
            deciding.show_decided,
        ],
    )
