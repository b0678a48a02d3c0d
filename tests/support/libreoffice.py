"""Sheets that the service handed out, as LibreOffice saved them, and the rows out of which it had made them.

Made with LibreOffice Calc 7.4.7.2 (Debian 12) in British English, out of the work-list and the cases of ``STOOD``, as
workbooks (the guidance deleted, so that they are small) and as CSV. What was typed went the way of the keyboard. CSV
was opened as the program proposes it, and once with *Detect special numbers*.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.rows import a_row

FILES = Path(__file__).with_name("libreoffice")
STOOD = [
    a_row(case_ref="00042", nfa_by=""),
    a_row(case_ref="1E5", suspect_count="1+"),
    a_row(case_ref="3-5", nfa_date="2012/.."),
    a_row(case_ref="2014/7", youngest_victim_age="13-20", setting="gang|organised"),
    a_row(case_ref="12345678901234567890", nfa_date="", victim_count="2+", setting="not_provided"),
    a_row(case_ref="K/6", suspect_count="1-3", nfa_by="", nfa_date="../2014"),
]
