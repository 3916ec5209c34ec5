"""Seals of the audit trail: the tree of RFC 6962, the chain, and what a change of any of it is called."""

import hashlib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.seal import (
    NOTHING,
    Entry,
    Era,
    Kept,
    Seal,
    Span,
    check_link,
    check_rows,
    merkle_root,
    next_spans,
)

ENTRY = Entry(7, None, "2026-06-25T03:00:00.000001Z", None, None, '{"kind":"system"}', '[{"event":"值班"}]')
AT = "2026-06-25T03:00:01.000000Z"


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def split_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1, word for word: split at the greatest power of two below n."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha(b"\x01" + split_root(leaves[:k]) + split_root(leaves[k:]))


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70))
def test_the_root_is_the_one_of_the_standard(leaves: list[bytes]) -> None:
    assert merkle_root(leaves) == split_root(leaves)


def test_a_row_is_hashed_as_the_documents_say() -> None:
    text = '[7,null,"2026-06-25T03:00:00.000001Z",null,null,"{\\"kind\\":\\"system\\"}","[{\\"event\\":\\"值班\\"}]"]'
    assert ENTRY.leaf() == sha(b"\x00" + text.encode())


def chain(*batches: int) -> list[Kept]:
    kept: list[Kept] = []
    for number, size in enumerate(batches, 1):
        span = Span(0, kept[-1].seal.span.up_to_xid or 0 if kept else 0, 100 * number)
        root = merkle_root([leaf for _, leaf in rows(number, size)])
        seal = Seal(number, span, size, root, kept[-1].value if kept else NOTHING, AT)
        kept.append(Kept(seal, seal.value()))
    return kept


def rows(number: int, size: int) -> list[tuple[int, bytes]]:
    return [(seq, replace(ENTRY, seq=seq).leaf()) for seq in range(number * 1000, number * 1000 + size)]


def faults(kept: list[Kept]) -> list[tuple[str, int]]:
    before = [None, *kept]
    return [(f.code, f.number) for one, prior in zip(kept, before, strict=False) for f in check_link(one, prior)]


def test_an_untouched_chain_has_no_fault() -> None:
    kept = chain(3, 1, 2)
    assert faults(kept) == []
    assert [check_rows(one.seal, rows(one.seal.number, one.seal.rows)) for one in kept] == [[], [], []]


def test_a_row_that_was_rewritten_added_or_taken_away_is_found() -> None:
    (kept,) = chain(3)
    honest = rows(1, 3)
    forged = replace(ENTRY, seq=1001, actor='{"kind":"person"}').leaf()
    for found in ([honest[0], (1001, forged), honest[2]], honest[:2], [*honest, (1003, forged)], []):
        assert [fault.code for fault in check_rows(kept.seal, found)] == ["rows_changed"]


def test_a_seal_that_was_made_anew_breaks_the_one_after_it() -> None:
    first, second, third = chain(3, 1, 2)
    seal = replace(first.seal, root=sha(b"another"))
    assert faults([Kept(seal, seal.value()), second, third]) == [("seal_changed", 2)]
    assert faults([Kept(seal, first.value), second, third]) == [("seal_changed", 1)]
    assert faults([first, third]) == [("seal_missing", 2)]
    assert faults([second, third]) == [("seal_missing", 1)]


def test_a_seal_that_leaves_transactions_out_is_found_although_its_hash_is_right() -> None:
    first, second = chain(1, 1)
    seal = replace(second.seal, span=replace(second.seal.span, from_xid=150))
    assert faults([first, Kept(seal, seal.value())]) == [("seal_changed", 2)]


def test_what_an_archive_brought_is_closed_before_the_new_transactions_are_counted() -> None:
    era = Era(40, 9)
    last = Seal(3, Span(0, 200, 300), 1, NOTHING, NOTHING, AT)
    assert next_spans(None, Era(0, 0)) == [Span(0, 0, None)]
    assert next_spans(None, era) == [Span(0, 0, None), Span(40, 0, None)]
    assert next_spans(last, Era(0, 0)) == [Span(0, 300, None)]
    assert next_spans(last, era) == [Span(0, 300, None), Span(40, 0, None)]
    assert next_spans(replace(last, span=Span(0, 300, None)), era) == [Span(40, 0, None)]
    assert next_spans(replace(last, span=Span(40, 5, 12)), era) == [Span(40, 12, None)]
