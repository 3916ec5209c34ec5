"""Every refusal has a status, every close code a name, every settings and frame rule its place."""

import pytest

from dispatch.api.errors import STATUS, refusal
from dispatch.assembly import NotMigratedError
from dispatch.domain.errors import DispatchError, InvalidRequestError
from dispatch.live.closing import ALL, closing_for
from dispatch.security import Principal


def _all(kind: type[DispatchError]) -> set[type[DispatchError]]:
    return {kind}.union(*(_all(sub) for sub in kind.__subclasses__()))


def test_every_refusal_has_a_status_and_a_close_code() -> None:
    kinds = _all(DispatchError) - {NotMigratedError}  # refused at start, never answered
    assert kinds <= set(STATUS)
    for kind in kinds:
        error = InvalidRequestError(()) if kind is InvalidRequestError else kind("words")
        answer = refusal(error)
        assert 400 <= answer.status_code < 600
        assert answer.media_type == "application/problem+json"
        assert closing_for(error) in ALL


def test_codes_and_names_are_unique() -> None:
    codes = [kind.code for kind in _all(DispatchError)]
    assert len(codes) == len(set(codes))
    assert len({c.code for c in ALL}) == len({c.name for c in ALL}) == len(ALL)
    assert all(4000 <= c.code <= 4099 for c in ALL)


def _principal(kind: str, role: str | None = None) -> Principal:
    return Principal(kind, "id", "name", role, None, None, ("4303",), b"", is_session=False)


@pytest.mark.parametrize(
    ("kind", "role", "may"),
    [
        ("integrator", None, {"report", "listen"}),
        ("device", None, {"press", "listen"}),
        ("console", None, {"work", "listen"}),
        ("wall", None, {"listen"}),
        ("person", "responder", {"work", "listen"}),
        ("person", "operator", {"report", "listen", "direct", "work"}),
        ("person", "shift_leader", {"report", "listen", "direct", "work"}),
        ("person", "admin", {"report", "listen", "direct", "work", "administer"}),
        ("person", "wall", {"listen"}),
        ("unknown", None, set()),
    ],
)
def test_everybody_may_what_the_table_says_and_no_more(kind: str, role: str | None, may: set[str]) -> None:
    everything = ("report", "listen", "work", "direct", "administer", "press")
    assert {p for p in everything if _principal(kind, role).may(p)} == may  # type: ignore[arg-type]


def test_an_area_is_covered_by_prefix_and_nobody_without_an_area_sees_all() -> None:
    someone = _principal("person", "operator")
    assert someone.covers("430304005")
    assert not someone.covers("430203")
    assert not someone.covers(None)
    assert not Principal("person", "i", "n", "operator", None, None, (), b"", is_session=True).covers("430304")
