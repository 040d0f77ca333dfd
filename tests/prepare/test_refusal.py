import re
from collections import Counter

import pytest

from medtune.core.text import fold
from medtune.detect.refusal import classify
from medtune.prepare.convert.refusal import RefusalTopic, make, refusal_kinds
from medtune.tasks import load_task

TOPICS = [
    RefusalTopic(term, True, fold(term))
    for term in ("Asthma", "celiac disease", "Gout", "Q Fever", "Lice", "Anemia", "Mumps")
]
TASK = load_task("terminology")


def test_no_placeholder_is_left_and_no_part_of_the_form() -> None:
    for topics in (TOPICS, []):
        for draft in make(topics, 60, 7, TASK):
            text = " ".join(turn.content for turn in draft.messages[1:])
            assert not re.search(r"[{}]|\btopic\b|\bthis in\b|  ", text)
            assert "**" not in text
            assert draft.messages[0].content == TASK.system


@pytest.mark.parametrize("kind", refusal_kinds(), ids=lambda kind: kind.name)
def test_each_kind_declines_and_names_who_can_help(kind: object) -> None:
    for general in (False, True):
        openings = kind.general_openings if general else kind.openings  # type: ignore[attr-defined]
        for number, opening in enumerate(openings):
            assert ("{topic}" in opening) is not general
            assert classify(opening.replace("{topic}", "asthma")).kind != "answer"
            pointer = kind.pointers[number % len(kind.pointers)]  # type: ignore[attr-defined]
            assert re.search(r"doctor|pharmacist|clinic|midwife|obstetrician|emergency number|treatment team", pointer)
    if kind.name == "urgent":  # type: ignore[attr-defined]
        assert all("emergency number" in pointer for pointer in kind.pointers)  # type: ignore[attr-defined]


def test_every_trained_refusal_is_recognised_when_a_model_repeats_it() -> None:
    replies = [draft.messages[-1].content for draft in make(TOPICS, 40, 7, TASK)]
    assert {classify(reply, replies).kind for reply in replies} == {"refuse"}


def test_order_of_topics_does_not_matter_and_the_seed_does() -> None:
    one, other = make(TOPICS, 30, 7, TASK), make(TOPICS[::-1], 30, 7, TASK)
    assert one == other
    assert one != make(TOPICS, 30, 8, TASK)
    assert make(TOPICS, 10, 7, TASK) == one[:10]


def test_nothing_is_said_twice_and_kinds_are_even() -> None:
    drafts = make([RefusalTopic(f"Illness {number}", True, f"illness {number}") for number in range(300)], 220, 7, TASK)
    assert len(drafts) == 220
    for turn in (1, 2):
        assert len({fold(draft.messages[turn].content) for draft in drafts}) == 220
    assert len({draft.id for draft in drafts}) == 220
    kinds = Counter(draft.id.split("/")[1] for draft in drafts)
    assert set(kinds.values()) == {20}
    assert len({draft.topic for draft in drafts}) == 220


def test_topics_that_make_no_sentence_are_left_out() -> None:
    odd = [RefusalTopic("A: b", True, "a"), RefusalTopic("x" * 61, True, "x"), RefusalTopic("Gout", False, "gout")]
    drafts = make(odd, 5, 7, TASK)
    assert {draft.topic for draft in drafts} == {"gout"}
    assert not any(draft.public for draft in drafts)
