"""The choice: class before size, never the base, never HOLD."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.release.pick import pick
from medtune.runs.records.audit import BuildVerdict, RateFigure, Verdict

RATE = RateFigure(hits=1, n=2, rate=0.5, low=0.1, high=0.9)


def verdict(build: str, kind: BuildVerdict, size_bytes: int, role: str = "quantization") -> Verdict:
    return Verdict(
        build=build, role=role, verdict=kind, scope="form", rule=f"rule of {build}", whole_form=RATE, garble=RATE,
        refusal=RATE, cut_off=RATE, errors=0, size_bytes=size_bytes,
    )  # fmt: skip


PASS, HOLD, UNUSABLE = BuildVerdict.FORM_PASS, BuildVerdict.HOLD, BuildVerdict.REJECT_UNUSABLE
THREE = [
    verdict("base-F16", PASS, 1, "base"),
    verdict("F16", PASS, 20, "parent"),
    verdict("Q8_0", PASS, 10),
    verdict("Q4_0", HOLD, 4),
    verdict("Q2_K", UNUSABLE, 2),
]


@pytest.mark.parametrize(
    ("prefer", "wanted"),
    [("smallest", "Q8_0"), ("largest", "F16"), ("F16", "F16"), ("Q4_0", "Q8_0"), ("Q2_K", "Q8_0"), ("Q6_K", "Q8_0")],
)
def test_prefer_decides_only_inside_the_highest_class(prefer: str, wanted: str) -> None:
    chosen = pick(THREE, prefer).verdict
    assert chosen is not None
    assert chosen.build == wanted


def test_a_higher_class_beats_every_size_and_every_name() -> None:
    builds = [*THREE, verdict("Q6_K", BuildVerdict.RELEASE_SAFE, 99)]
    for prefer in ("smallest", "largest", "F16", "Q8_0"):
        chosen = pick(builds, prefer).verdict
        assert chosen is not None
        assert chosen.build == "Q6_K"


def test_a_preference_that_did_not_pass_is_said() -> None:
    assert "prefers Q2_K, which is not in that class" in pick(THREE, "Q2_K").reason


def test_nothing_passed_says_how_many_failed_and_why_the_parent_did() -> None:
    choice = pick([verdict("F16", HOLD, 20, "parent"), verdict("Q8_0", UNUSABLE, 9)], "smallest")
    assert choice.verdict is None
    assert "1 HOLD, 1 REJECT-UNUSABLE" in choice.reason
    assert "rule of F16" in choice.reason
    assert pick([], "smallest").verdict is None


rows = st.lists(
    st.tuples(st.sampled_from(list(BuildVerdict)), st.integers(1, 50), st.sampled_from(["base", "quantization"])),
    max_size=9,
)


@given(rows=rows, prefer=st.sampled_from(["smallest", "largest", "b0", "b3"]), order=st.randoms())
def test_only_releasable_builds_of_the_best_class_are_chosen_in_any_order(
    rows: list[tuple[BuildVerdict, int, str]], prefer: str, order: object
) -> None:
    verdicts = [verdict(f"b{number}", kind, size, role) for number, (kind, size, role) in enumerate(rows)]
    choice = pick(verdicts, prefer)
    allowed = [row for row in verdicts if row.verdict.releasable and row.role != "base"]
    assert (choice.verdict is None) == (not allowed)
    if choice.verdict is not None:
        assert choice.verdict in allowed
        assert choice.verdict.verdict.rank == min(row.verdict.rank for row in allowed)
    order.shuffle(verdicts)
    assert pick(verdicts, prefer).verdict == choice.verdict
