"""Text that PostgreSQL cannot keep is written differently, without loss and in the same order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tailorbird.store.postgres.text import array, columns, decode, encode, keepable

TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from("\0\1\2"))


@given(TEXTS)
def test_text_comes_back(text: str) -> None:
    assert b"\0" not in encode(text)
    assert decode(encode(text)) == text


@given(TEXTS, TEXTS)
def test_text_keeps_its_order_and_stays_apart(one: str, other: str) -> None:
    assert (encode(one) < encode(other)) == (one < other)


@given(st.lists(TEXTS | st.none(), min_size=1))
def test_arrays_are_written_like_single_values(texts: list[str | None]) -> None:
    written = [None if text is None else encode(text).decode() for text in texts]
    assert list(array(texts)) == written
    assert [list(column) for column in columns([(text, 1) for text in texts])] == [written, [1] * len(texts)]


def test_what_can_be_kept_is_not_touched() -> None:
    values = ["plain", "名前", "\x02"]
    assert array(values) is values
    assert keepable("plain") == "plain"
    assert keepable("a\0b\1c") == "a\1\1b\1\2c"
