import pytest

from dispatch.domain.condition import All, AnyOf, Compare, Not, condition_text

HOSPITAL = Compare("place_kind", "eq", "hospital")
URGENT = Compare("urgency", "eq", "urgent")
INJURED = Compare("tags", "has", "injured")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (HOSPITAL, 'place_kind == "hospital"'),
        (Compare("urgency", "ne", "urgent"), 'urgency != "urgent"'),
        (Compare("place_kind", "ne", "bank"), '(place_kind != "" && place_kind != "bank")'),
        (Compare("place_kind", "in", ("hospital", "clinic")), 'place_kind in ["hospital", "clinic"]'),
        (Compare("urgency", "not_in", ("normal", "routine")), '!(urgency in ["normal", "routine"])'),
        (Compare("area_class", "not_in", ("rural",)), '(area_class != "" && !(area_class in ["rural"]))'),
        (Compare("incident_type", "under", "fire"), '(incident_type == "fire" || incident_type.startsWith("fire."))'),
        (Compare("division_code", "under", "430304"), 'division_code.startsWith("430304")'),
        (INJURED, '"injured" in tags'),
        (Compare("tags", "has_any", ("a", "b")), '("a" in tags || "b" in tags)'),
        (Compare("tags", "has_all", ("a", "b")), '("a" in tags && "b" in tags)'),
        (Compare("tags", "has_all", ("a",)), '"a" in tags'),
        (Compare("hour", "ge", 22), "hour >= 22"),
        (Compare("weekday", "in", (6, 7)), "weekday in [6, 7]"),
        (Compare("severity", "ge", "III"), 'severity in ["I", "II", "III"]'),
        (Compare("severity", "lt", "III"), 'severity in ["IV", "NONE"]'),
        (Not(HOSPITAL), '!(place_kind == "hospital")'),
        (All((HOSPITAL, URGENT)), 'place_kind == "hospital" && urgency == "urgent"'),
        (
            All((HOSPITAL, AnyOf((URGENT, INJURED)))),
            'place_kind == "hospital" && (urgency == "urgent" || "injured" in tags)',
        ),
        (
            AnyOf((All((HOSPITAL, URGENT)), Not(INJURED))),
            '(place_kind == "hospital" && urgency == "urgent") || !("injured" in tags)',
        ),
        (All((AnyOf((URGENT,)),)), 'urgency == "urgent"'),
        (Compare("place_kind", "eq", "医院"), 'place_kind == "医院"'),
        (Compare("tags", "has", 'a"b\\c\nd'), '"a\\"b\\\\c\\nd" in tags'),
        # What a reader cannot see, or would see in another order, is spelt out.
        (Compare("tags", "has", "a\u202eb\u200bc\x7f"), '"a\\u202eb\\u200bc\\u007f" in tags'),
        (Compare("tags", "has", "\U000e0041"), '"\\U000e0041" in tags'),
    ],
)
def test_a_condition_reads_as_an_expression(condition, expected):
    assert condition_text(condition) == expected
