"""The page about members says what the endpoint goes by."""

from async_lab.endpoint.http.members import table
from tools.member_table import DOCUMENT, counted, document


def test_the_page_about_members_is_current():
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "write it anew: python -m tools.member_table"


def test_members_are_counted_by_what_becomes_of_them():
    acted_on, kept, refused = counted("lambda")
    assert acted_on == sum(len(members.acted_on) for members in table()["lambda"].values())
    assert kept > 0
    assert refused > 0
