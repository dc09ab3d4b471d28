from hypothesis import given
from hypothesis import strategies as st

from async_lab.cloudwatch.queries import Answer
from async_lab.endpoint.cloudwatch.responses import page_of, slices

answers = st.lists(st.dictionaries(st.integers(0, 99), st.floats(0, 9), max_size=6), max_size=6).map(
    lambda every: [Answer(f"q{number}", "label", points) for number, points in enumerate(every)]
)


def read(answers, size, *, descending):
    parts, token = slices(answers, None, size, descending=descending)
    yield parts
    while token:
        parts, token = slices(answers, token, size, descending=descending)
        yield parts


@given(answers, st.integers(1, 8), st.booleans())
def test_pages_join_to_the_whole_answer_in_its_order(answers, size, descending):
    joined = {answer.id: [] for answer in answers}
    for parts in read(answers, size, descending=descending):
        assert sum(len(part.points) for part in parts) <= size
        for part in parts:
            joined[part.answer.id] += part.points
    assert joined == {answer.id: sorted(answer.points.items(), reverse=descending) for answer in answers}


@given(answers, st.integers(1, 8))
def test_every_answer_is_complete_on_exactly_one_page(answers, size):
    complete = [part.answer.id for parts in read(answers, size, descending=True) for part in parts if part.is_complete]
    assert sorted(complete) == sorted(answer.id for answer in answers)


@given(st.lists(st.integers()), st.integers(1, 8))
def test_lists_are_paged_without_loss(items, size):
    seen, token = page_of(items, None, size)
    seen = list(seen)
    while token:
        more, token = page_of(items, token, size)
        seen += more
    assert seen == items
