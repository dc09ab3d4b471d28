"""The page about AWS says what a run on AWS says before it begins."""

from tools.aws_forecast import DOCUMENT, document


def test_the_page_about_aws_is_current():
    written = DOCUMENT.read_text(encoding="utf-8")
    assert written == document(written), "write it anew: python -m tools.aws_forecast"
