from dispatch.domain.suggest import did_you_mean, nearest_names

KNOWN = ("fire.building", "gas.leak", "psychiatric.disturbance", "rescue.water")


def test_a_misspelt_name_is_answered_with_its_neighbour():
    assert nearest_names("psychiatric.distubance", KNOWN) == ("psychiatric.disturbance",)
    assert nearest_names("GAS.LEAK", KNOWN) == ("gas.leak",)


def test_a_name_like_no_other_gets_no_suggestion():
    assert nearest_names("zzzz", KNOWN) == ()
    assert did_you_mean("zzzz", KNOWN) == ""


def test_the_suggestion_reads_as_a_question():
    assert did_you_mean("gas.leek", KNOWN) == "; did you mean gas.leak?"


def test_a_huge_name_costs_no_more_than_a_short_one():
    assert nearest_names("gas.leak" + "k" * 1_000_000, KNOWN) == ()
