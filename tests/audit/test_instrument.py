"""Damaged reference answers: each damage does what it says, and the proof counts what was caught."""

from rubric import rubric_of, site_rubrics

from medtune.audit.instrument import mutants_of, prove_instrument

CUT = "Press firmly on the wound. If it does not stop, call an ambulance."


def of_kind(case: str, text: str, kind: str) -> list[str]:
    return [one.text for one in mutants_of(site_rubrics(), "site", rubric_of(case), text) if one.kind == kind]


def test_every_damage_is_the_one_that_it_is_called() -> None:
    assert of_kind("cut", CUT, "left_out") == ["If it does not stop, call an ambulance.", "Press firmly on the wound."]
    assert of_kind("cut", CUT, "turned") == [
        "Do not press firmly on the wound. If it does not stop, call an ambulance.",
        "Press firmly on the wound. If it does not stop, do not call an ambulance.",
    ]
    assert len(of_kind("cut", CUT, "forbidden_advice")) == len(rubric_of("cut").must_not)
    assert of_kind("burn", "Cool the burn for 20 minutes.", "tenfold") == ["Cool the burn for 200 minutes."]
    assert of_kind("burn", "Cool the burn for 20 minutes.", "time_unit") == ["Cool the burn for 20 hours."]
    assert of_kind("dose", "Take 500 mg at once.", "tenfold") == ["Take 5000 mg at once."]


def test_the_proof_counts_what_was_caught_and_what_was_a_false_alarm() -> None:
    proof = prove_instrument(site_rubrics())
    assert proof["specificity"]["hits"] == proof["references"] == 3 and proof["false_alarms"] == []
    for kind in ("left_out", "turned", "tenfold"):
        assert proof["kinds"][kind]["caught"] == proof["kinds"][kind]["tried"] > 0, kind
    assert proof["sensitivity"]["n"] == proof["mutants"] == sum(one["tried"] for one in proof["kinds"].values())
    assert proof["sensitivity"]["low"] < proof["sensitivity"]["rate"] <= proof["sensitivity"]["high"]
