"""All pages of a force."""

from __future__ import annotations

from litestar import Router
from litestar.di import Provide

from service.pages.force import (
    answer_sheets,
    answering,
    asking,
    border,
    carrying,
    explaining,
    exports,
    findings,
    held,
    listing,
    missing,
    opening,
    sealing,
    tasks,
    undoing,
    uploading,
)
from service.pages.force.progress import Uploads


def force_routes() -> Router:
    """The list of returns, and everything about one of them."""
    uploads = Uploads()

    def under_way() -> Uploads:
        return uploads

    return Router(
        "/",
        route_handlers=[
            listing.list_returns,
            opening.show_open,
            opening.take_open,
            opening.show_declare,
            opening.take_declare,
            opening.show_correct,
            opening.take_correct,
            opening.show_withdraw,
            opening.take_withdraw,
            carrying.show_corrections,
            carrying.take_corrections,
            tasks.show_return,
            undoing.show_undo,
            undoing.take_undo,
            uploading.show_upload,
            uploading.take_upload,
            uploading.show_check,
            uploading.take_check,
            uploading.show_progress,
            uploading.show_outcome,
            findings.show_findings,
            findings.take_dispute,
            answering.show_rule,
            answering.take_answer,
            answer_sheets.show_answers,
            answer_sheets.take_answers,
            held.show_held,
            held.take_aside,
            missing.show_missing,
            missing.take_words,
            sealing.show_check,
            sealing.take_seal,
            sealing.show_receipt,
            explaining.show_why,
            asking.show_work,
            border.show_border,
            asking.download_work,
            asking.download_work_workbook,
            exports.download_cases,
            exports.download_cases_workbook,
            exports.download_findings,
            exports.download_findings_workbook,
        ],
        dependencies={"under_way": Provide(under_way, sync_to_thread=False)},
    )
