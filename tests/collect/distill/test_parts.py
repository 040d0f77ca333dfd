"""The parts of distillation by themselves."""

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from teacher import four_parts

from medtune.collect.distill import categories, prompts
from medtune.collect.distill.alike import Alike, runs_of
from medtune.collect.distill.budget import Budget, BudgetSpentError, estimated_tokens
from medtune.collect.distill.judge import AnswerJudge, PairJudge, judge_topics, read_object
from medtune.collect.distill.ledger import LEDGER, Failed, Ledger, known_keys
from medtune.collect.distill.tally import Price, Variety, cost_line
from medtune.collect.distill.words import AGAIN, Ask
from medtune.detect.phi import find_phi
from medtune.llm.messages import Message, Reply
from medtune.runs.records.collect import Passage, Record
from medtune.tasks import load_task

TASK = load_task("terminology")
ASK = Ask("a/1", prompts.answer_system(TASK), "Explain the medical term: anemia")
GERMAN = "\n\n".join(
    f"**{part}**\n{sentence}"
    for part, sentence in zip(
        TASK.parts,
        (
            "Die Erkrankung betrifft vor allem ältere Menschen und beginnt meist schleichend.",
            "Im Blut fehlen rote Zellen, weshalb weniger Sauerstoff in die Muskeln gelangt.",
            "Ärztinnen achten auf Müdigkeit, Blässe und Atemnot bei geringer Belastung.",
            "Dieser Hinweis ersetzt keinen Besuch in einer Praxis.",
        ),
        strict=True,
    )
)


def reply(text: str, finish: str = "stop") -> Reply:
    return Reply(text, finish, 3, 5, 0.1)


def reasons(text: str, finish: str = "stop", ask: Ask = ASK) -> list[str]:
    return [trouble.reason for trouble in AnswerJudge(TASK)(ask, reply(text, finish)).troubles]


def test_a_good_answer_passes() -> None:
    judged = AnswerJudge(TASK)(ASK, reply(four_parts("anemia") + "\n"))
    assert not judged.troubles
    assert (judged.question, judged.answer) == (ASK.user, four_parts("anemia"))


@pytest.mark.parametrize(
    ("text", "finish", "reason"),
    [
        ("  \n", "stop", "empty"),
        (four_parts("x")[:120], "length", "form: cut off"),
        ("It is a disease of the blood.", "stop", "form: missing"),
        (GERMAN, "stop", "another language"),
        (ASK.user, "stop", "copied from the prompt"),
        (ASK.system, "stop", "copied from the prompt"),
        (f"{ASK.system}\n{four_parts('x')}", "stop", "copied from the prompt"),
        (four_parts("x") + " very" * 90, "stop", "garbled"),
        (four_parts("x") + " <|im_end|>", "stop", "garbled"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(text: str, finish: str, reason: str) -> None:
    assert reason in reasons(text, finish)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('{"a": "two\nlines"}', {"a": "two\nlines"}),
        ("[1]", None),
        ("Sure: {}", None),
        ('{"a": 1', None),
        ("[" * 100_000, None),
        ("", None),
    ],
)
def test_objects_are_read_and_prose_is_none(text: str, value: object) -> None:
    assert read_object(text) == value


@given(st.text())
def test_any_text_is_judged_without_an_error(text: str) -> None:
    judged = AnswerJudge(TASK)(ASK, reply(text))
    assert judged.troubles
    assert PairJudge(AnswerJudge(TASK))(ASK, reply(text)).troubles
    judge_topics(ASK, reply(text))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"question": "What is anemia?"}, "other keys"),
        ({"question": 3, "answer": "x"}, "other keys"),
        ({"question": "Anemia?", "answer": four_parts("x")}, "length of the question"),
        ({"question": "Topic: anemia", "answer": four_parts("x")}, "copied from the prompt"),
        ({"question": "What is anemia?", "answer": "It is rare."}, "form: missing"),
    ],
)
def test_pairs_that_are_none(value: object, reason: str) -> None:
    ask = Ask("a/1", "system", "Topic: anemia")
    judged = PairJudge(AnswerJudge(TASK))(ask, reply(json.dumps(value)))
    assert reason in [trouble.reason for trouble in judged.troubles]


WORDS = st.lists(st.sampled_from(["aa", "bb", "cc", "dd", "ee", "ff"]), min_size=1, max_size=30).map(" ".join)


@given(st.lists(WORDS, max_size=12), st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_near_duplicates_are_exactly_those_of_a_plain_comparison(texts: list[str], threshold: float) -> None:
    alike, kept = Alike(threshold), []
    for text in texts:
        mine = set(runs_of(text))
        near = any(len(mine & other) >= threshold * len(mine | other) for other in kept)
        assert alike.add(text) is not near
        if not near:
            kept.append(mine)


def test_one_letter_makes_another_question_and_the_order_of_words_does_not() -> None:
    alike = Alike(0.8)
    assert alike.add_question("What is hypertension?")
    assert alike.add_question("What is hypotension?")
    assert not alike.add_question("what IS  hypotension")
    assert not alike.add_question("Hypertension, what is?")


def test_a_budget_is_never_exceeded_by_threads() -> None:
    budget, messages = Budget(5_000), [Message(role="user", content="x" * 60)]
    most = estimated_tokens(messages) + 100

    def call() -> None:
        for _ in range(40):
            try:
                budget.reserve(most)
            except BudgetSpentError:
                return
            budget.settle(most, messages, Reply("y", "stop", most - 100, 100, 0.0))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert budget.spent
    assert 5_000 - most < budget.prompt + budget.answer <= 5_000


def test_an_endpoint_without_counts_is_estimated() -> None:
    budget, messages = Budget(None), [Message(role="user", content="x" * 300)]
    budget.reserve(10)
    budget.settle(10, messages, Reply("y" * 30, "stop", 0, 0, 0.0))
    assert (budget.prompt, budget.answer, budget.guessed) == (108, 10, 1)
    line = cost_line("mine", budget, Price(1.0, 2.0, "EUR"))
    assert "1 calls estimated" in line
    assert "0.00 EUR" in line


def test_a_ledger_bears_a_cut_line_and_knows_failed_calls_of_answered_rows(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.add("k2", "p", reply("text"), [Failed("k1", "no answer: status 500")])
    with (tmp_path / LEDGER).open("a") as file:
        file.write('{"key": "k3", "te')
    assert known_keys(tmp_path / LEDGER) == {"k1", "k2"}
    again = Ledger(tmp_path)
    assert again.find("k1") == Failed("k1", "no answer: status 500")
    assert again.find("k2") == reply("text")
    assert again.find("k3") is None
    assert again.digest() == ledger.digest()
    assert again.retrieved() == ledger.retrieved() != ""
    assert (tmp_path / LEDGER).read_bytes().endswith(b"}\n")


def test_distinct_runs_of_words() -> None:
    variety = Variety()
    variety.add("a b a b")
    variety.add("A b c")
    assert variety.shares() == {"1": round(3 / 7, 4), "2": round(3 / 5, 4), "3": 1.0}
    assert variety.mean_words() == 3.5
    assert Variety().shares() == {"1": 0.0, "2": 0.0, "3": 0.0}


def record(**more: object) -> Record:
    values = {"id": "s/1", "source": "s", "kind": "qa", "topic": "", "document": "s/1", "licence": "CC0"}
    return Record.model_validate(values | more)


def test_what_becomes_the_user_turn() -> None:
    def user(**more: object) -> str:
        ask = prompts.answer_ask(record(**more), TASK, "d/1", 100)
        return ask.user if isinstance(ask, Ask) else f"none: {ask}"

    form = "## Request\nDepartment: Surgery ?\n\n## Reply"
    assert user(question="What is (are)  Pox ?") == "What is Pox?"
    assert user(question=form) == form
    assert user(topic="gout") == TASK.prompt("gout")
    passages = (Passage(name="a", heading="Uses", text="For pain."), Passage(name="b", heading="", text="Twice."))
    assert user(kind="document", passages=passages) == "Uses\nFor pain.\n\nTwice."
    assert user() == f"none: {prompts.NO_TEXT}"


def test_evidence_is_asked_for_a_document_and_what_a_person_reads_of_its_summary() -> None:
    document = "## Request\nReason: fever"
    summary = "<thinking>Short.</thinking><answer>Fever.</answer>"
    ask = prompts.evidence_ask(record(question=document, answer=summary), TASK, "d/1", 100)
    assert isinstance(ask, Ask)
    assert ask.user == f"{document}\n\n## Summary\nFever."
    whole = prompts.evidence_ask(record(question=ask.user), TASK, "d/1", 100)
    assert isinstance(whole, Ask)
    assert whole.user == ask.user
    assert prompts.evidence_ask(record(question=document), TASK, "d/1", 100) == prompts.NO_SUMMARY


def test_our_own_words_hold_no_identifier() -> None:
    """They are not scanned before they are sent: nothing of them comes from data."""
    own = [
        prompts.answer_system(TASK),
        AGAIN,
        *(category.about for category in categories.named_set("medical-education")),
    ]
    own += [prompts.pair_ask(TASK, "a", category="A", about="", topic="b", max_tokens=1).system]
    own += [prompts.topics_ask("a", category="A", about="", count=3, known=()).system]
    assert not any(find_phi(text) for text in own)
