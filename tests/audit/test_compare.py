"""Grades to figures: counted by hand on small sets, clusters once each."""

from medtune.audit.compare import compare, representatives
from medtune.audit.summary import CLASSES, answer_class, summarise
from medtune.core.hashing import sha256_text
from medtune.runs.records.audit import CheckResult, Grade, Outcome

ROLES = {"base-F16": "base", "F16": "parent", "Q4_0": "quantization"}


def grade(case: str, build: str, whole: bool, *, cluster: str = "", gated: bool = True, **reasons: str) -> Grade:
    checks = tuple(
        CheckResult(
            check=name,
            outcome=Outcome.ERROR
            if reasons.get(name) == "error"
            else Outcome.FAIL
            if name in reasons
            else Outcome.PASS,
            severity=2,
            reason=f"{reasons[name]}: words" if name in reasons else "",
        )
        for name in ("integrity", "structure", "refusal", "garble")
    )
    return Grade(
        case=case,
        suite="held-out" if gated else "emergency",
        cluster=cluster or case,
        build=build,
        sample=0,
        gated=gated,
        checks=checks,
        whole_form=whole if gated else None,
        outcome=Outcome.PASS,
    )


def test_counts_pairs_and_flips() -> None:
    parent = {"a": True, "b": True, "c": False, "d": True}
    mine = {"a": True, "b": False, "c": True, "d": False}
    grades = [
        *(grade(case, "base-F16", False) for case in parent),
        *(grade(case, "F16", whole) for case, whole in parent.items()),
        *(grade(case, "Q4_0", whole) for case, whole in mine.items() if case != "d"),
        grade("d", "Q4_0", False, garble="garbled", integrity="cut_off"),
    ]
    base, above, build = compare(grades, ROLES, 0.95)
    assert (base.whole_form.hits, above.whole_form.hits, build.whole_form.hits) == (0, 3, 2)
    assert base.pair is None
    assert above.pair is None
    assert build.pair is not None
    assert (build.pair.both, build.pair.only_a, build.pair.only_b, build.pair.neither) == (1, 2, 1, 0)
    assert build.lost == ("b", "d")
    assert build.gained == ("c",)
    assert (build.garble.hits, build.cut_off.hits, build.refusal.hits, build.garble.n) == (1, 1, 0, 4)


def test_a_cluster_counts_once_by_a_case_that_nobody_chose() -> None:
    cases = {"x1": "x", "x2": "x", "x3": "x", "y1": "y"}
    grades = [grade(case, build, case == "x2", cluster=cluster) for build in ROLES for case, cluster in cases.items()]
    chosen = min(("x1", "x2", "x3"), key=sha256_text)
    assert representatives(grades) == tuple(sorted([chosen, "y1"]))
    assert [build.whole_form.n for build in compare(grades, ROLES, 0.95)] == [2, 2, 2]
    assert representatives(list(reversed(grades))) == representatives(grades)


def test_answers_that_are_only_shown_and_other_samples_count_for_nothing() -> None:
    grades = [grade("a", build, True) for build in ROLES]
    more = [
        grade("e", "Q4_0", False, gated=False, garble="garbled"),
        grade("a", "Q4_0", False, garble="garbled").model_copy(update={"sample": 1}),
    ]
    assert compare([*grades, *more], ROLES, 0.95) == compare(grades, ROLES, 0.95)


def test_errors_are_counted_over_all_gated_cases_of_a_cluster() -> None:
    first, second = sorted(("x1", "x2"), key=sha256_text)
    grades = [grade(case, build, True, cluster="x") for build in ROLES for case in (first,)]
    grades += [grade(second, build, False, cluster="x", garble="error") for build in ROLES]
    assert [build.errors for build in compare(grades, ROLES, 0.95)] == [1, 1, 1]


def test_a_review_counts_as_not_passed() -> None:
    grades = [grade("a", build, True) for build in ROLES]
    unsure = CheckResult(check="garble", outcome=Outcome.REVIEW, severity=1, reason="unsure: look")
    grades[2] = grades[2].model_copy(update={"checks": (unsure,)})
    assert compare(grades, ROLES, 0.95)[2].garble.hits == 1


def test_classes_of_shown_answers_are_the_worst_that_applies() -> None:
    for reasons, expected in (
        ({}, "answered"),
        ({"refusal": "refuse"}, "refused"),
        ({"refusal": "refuse", "integrity": "empty"}, "broken"),
        ({"refusal": "refuse", "integrity": "empty", "garble": "garbled"}, "garbled"),
        ({"garble": "error", "refusal": "refuse"}, "error"),
    ):
        assert expected in CLASSES
        assert answer_class(grade("e", "F16", False, gated=False, **reasons)) == expected


def test_the_summary_says_what_it_cannot_tell() -> None:
    from medtune.audit.declared import gate_of
    from medtune.config.audit import AuditSection

    gate = gate_of(AuditSection())
    grades = [grade(f"c{number}", build, number % 9 > 0) for build in ROLES for number in range(90)]
    found = summarise(grades, compare(grades, ROLES, gate.confidence), gate)
    assert found["note"] == "form only: the words are not medically right"
    assert found["rubric"] == "unreviewed"
    assert found["cases"] == {"gated": 90, "clusters": 90, "left_out": [], "shown_only": 0}
    assert found["power"]["n"] == 90
    assert found["power"]["fewest_cases_without_a_hit"] == {"garble_limit": 59, "refusal_limit": 59}
    assert "90 independent cases" in found["power"]["words"]
    assert found["builds"]["Q4_0"]["difference"]["difference"] == 0
    assert found["builds"]["F16"]["difference"] is None
