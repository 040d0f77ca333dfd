"""The calibration text: its make-up, and what must never be in it."""

from importlib.resources import files
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from medtune.core.text import fold
from medtune.export.calibration import Passage, as_chat, bundled_passages, make_calibration, passages_digest
from medtune.runs.records.collect import Turn
from medtune.suites import load_suite

HELD_OUT = [
    line
    for line in Path(str(files("medtune") / "data" / "heldout_topics.txt")).read_text("utf-8").splitlines()
    if not line.startswith("#")
]


def chat(number: int, words: int = 9) -> tuple[Turn, ...]:
    return (Turn(role="user", content=f"chat{number}"), Turn(role="assistant", content="a " * words))


def rendered(turns: tuple[Turn, ...]) -> str:
    return " ".join(turn.content for turn in turns)


def count(text: str) -> int:
    return len(text.split())


def test_half_chats_half_prose_the_same_each_time() -> None:
    chats, prose = [chat(number) for number in range(200)], [Passage("t", "q", "b " * 10)] * 200
    one = make_calibration(chats, prose, render=rendered, count=count, tokens=400)
    assert (one.chats, one.passages, one.tokens) == (20, 20, 400)
    again = make_calibration(chats, prose, render=rendered, count=count, tokens=400)
    assert one == again and one.digest == again.digest
    other = make_calibration(chats[1:], prose, render=rendered, count=count, tokens=400)
    assert other.digest != one.digest


@given(chats=st.integers(0, 30), prose=st.integers(0, 30), tokens=st.integers(1, 500))
def test_what_one_half_lacks_the_other_gives(chats: int, prose: int, tokens: int) -> None:
    made = make_calibration(
        [chat(number) for number in range(chats)], [Passage("t", "q", "b " * 10)] * prose,
        render=rendered, count=count, tokens=tokens,
    )  # fmt: skip
    assert made.tokens >= min(tokens, 10 * (chats + prose))
    assert made.tokens == count(made.text) == 10 * (made.chats + made.passages)
    assert made.tokens < tokens + 20


def test_no_held_out_topic_and_no_prompt_of_a_suite_is_in_the_bundled_prose() -> None:
    hidden = {fold(topic) for topic in HELD_OUT}
    passages = bundled_passages()
    assert len(hidden) == 200 and len(passages) > 1000
    assert not {fold(passage.topic) for passage in passages} & hidden
    text = fold(" ".join(f"{passage.question} {passage.answer}" for passage in passages))
    assert all(fold(case.prompt) not in text for case in load_suite("emergency").cases)


def test_topics_of_a_runs_own_held_out_rows_stay_out() -> None:
    passages = bundled_passages()
    topic = passages[0].topic
    fewer = bundled_passages([topic.upper()])
    assert len(fewer) < len(passages) and not any(fold(one.topic) == fold(topic) for one in fewer)
    assert passages_digest(fewer) != passages_digest(passages)


def test_a_passage_becomes_a_chat() -> None:
    assert rendered(as_chat(Passage("t", "What is it?", "A thing."))) == "What is it? A thing."
