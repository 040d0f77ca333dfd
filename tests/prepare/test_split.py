from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.core.errors import DataError
from medtune.prepare.draft import Draft
from medtune.prepare.split import SplitRule, asking_order, read_topics, split
from medtune.runs.records.collect import Turn

RULE = SplitRule(seed=7, validation_share=0.1, test_share=0.2, test_topics=None)
KEYS = st.lists(
    st.sampled_from([f"topic:{name}" for name in "abcdefgh"] + [f"document:{n}" for n in range(8)]),
    min_size=1,
    max_size=3,
)


def draft(name: str, keys: tuple[str, ...], converter: str = "terms") -> Draft:
    topic = next((key.removeprefix("topic:") for key in keys if key.startswith("topic:")), "")
    turns = (Turn(role="user", content=name), Turn(role="assistant", content=f"answer {name}"))
    return Draft(name, turns, topic, keys, converter, (name,), "s", "l", True)


def placed(drafts: list[Draft], rule: SplitRule) -> dict[str, str]:
    return {one.id: name for name, part in split(drafts, rule).items() for one in part}


@given(st.lists(KEYS, min_size=1, max_size=25), st.integers(0, 50), st.randoms())
def test_nothing_shared_crosses_and_order_does_not_matter(keys: list[list[str]], seed: int, random: object) -> None:
    drafts = [draft(str(number), tuple(dict.fromkeys(each))) for number, each in enumerate(keys)]
    rule = SplitRule(seed, 0.3, 0.3, None)
    where = placed(drafts, rule)
    assert set(where) == {one.id for one in drafts}
    for one in drafts:
        for other in drafts:
            if set(one.keys) & set(other.keys):
                assert where[one.id] == where[other.id]
    shuffled = list(drafts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert placed(shuffled, rule) == where


def test_rows_that_are_added_move_no_other() -> None:
    drafts = [draft(str(number), (f"topic:t{number}",)) for number in range(200)]
    before = placed(drafts[:150], RULE)
    after = placed(drafts, RULE)
    assert {name: after[name] for name in before} == before
    counts = [list(after.values()).count(name) for name in ("train", "validation", "test")]
    assert 110 < counts[0] < 170
    assert 5 < counts[1] < 35
    assert 20 < counts[2] < 65
    assert placed(drafts, SplitRule(8, 0.1, 0.2, None)) != after


def test_named_topics_are_the_test_split() -> None:
    drafts = [draft("1", ("topic:gout", "document:a")), draft("2", ("document:a",)), draft("3", ("topic:lice",))]
    rule = SplitRule(7, 0.1, 0.9, frozenset({"gout"}))
    assert placed([*drafts, draft("4", ("topic:mumps",))], rule)["3"] in {"train", "validation"}
    assert {name for name, part in placed(drafts, rule).items() if part == "test"} == {"1", "2"}


def test_few_groups_reach_every_split() -> None:
    drafts = [draft(name, (f"topic:{name}",)) for name in "abc"]
    assert sorted(placed(drafts, SplitRule(7, 0.001, 0.001, None)).values()) == ["test", "train", "validation"]
    assert sorted(placed(drafts, SplitRule(7, 0.001, 0.0, None)).values()) == ["train", "train", "validation"]


def test_two_groups_are_enough_for_validation() -> None:
    rule = SplitRule(7, 0.001, 0.0, None)
    assert sorted(placed([draft("1", ("topic:a",)), draft("2", ("topic:b",))], rule).values()) == [
        "train",
        "validation",
    ]
    assert placed([draft("1", ("topic:a",))], rule) == {"1": "train"}


def test_the_first_of_each_topic_is_asked_first() -> None:
    drafts = [draft(f"{topic}{number}", (f"topic:{topic}",)) for topic in "abcd" for number in range(3)]
    rule = SplitRule(7, 0.1, 0.0, frozenset("abc"))
    order = asking_order([*drafts, draft("gold/1", ("document:g",), "gold")], rule)
    assert order[0].id == "gold/1"
    assert {one.id for one in order[1:4]} == {"a0", "b0", "c0"}
    assert order[4].id == "d0"
    assert {one.id[1] for one in order[5:9]} == {"1"}


def test_a_topics_file(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("# comment\n  Gout \n\nQ  FEVER\n")
    assert read_topics(tmp_path / "t.txt") == {"gout", "q fever"}
    (tmp_path / "empty.txt").write_text("# only this\n")
    with pytest.raises(DataError, match="names no topic"):
        read_topics(tmp_path / "empty.txt")
