"""All pages under one router: one guard, one way to tell errors."""

from __future__ import annotations

from litestar import Router

from service.pages.changes import show_changes, show_newest_changes
from service.pages.difference import show_difference, show_newest_difference
from service.pages.effect import show_effect
from service.pages.entry import entry_routes
from service.pages.errors import page_errors
from service.pages.explained import show_explained
from service.pages.force.routes import force_routes
from service.pages.guard import guard
from service.pages.national.routes import national_pages
from service.pages.outstanding import (
    download_outstanding_table,
    download_outstanding_workbook,
    show_outstanding,
)
from service.pages.recorded import show_recorded
from service.pages.rules.routes import rules_routes
from service.pages.scopes.routes import scopes_routes
from service.pages.site import Site
from service.pages.terms.routes import terms_routes
from service.pages.visit import visit_dependency


def page_routes(site: Site) -> Router:
    """Everything that a browser asks for."""
    return Router(
        "/",
        route_handlers=[
            site.assets.routes(),
            entry_routes(site),
            national_pages(site),
            rules_routes(),
            scopes_routes(),
            terms_routes(),
            show_newest_changes,
            show_changes,
            show_newest_difference,
            show_difference,
            show_effect,
            show_explained,
            show_outstanding,
            download_outstanding_table,
            download_outstanding_workbook,
            show_recorded,
            force_routes(),
        ],
        guards=[guard],
        exception_handlers=page_errors(site),
        dependencies={"visit": visit_dependency(site)},
    )
