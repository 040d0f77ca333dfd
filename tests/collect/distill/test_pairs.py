"""Synthetic pairs by category: quotas, topics, repeated questions."""

import json
from pathlib import Path

from distilled import accounted, distil, section
from teacher import FlakyTeacher, four_parts, good

from medtune.collect.distill.categories import named_set
from medtune.collect.distill.desk import SAME_QUESTION
from medtune.llm.messages import Message
from medtune.llm.scripted import Answer, ScriptedServer, Step


def pair(question: str, text: str) -> Answer:
    return Answer(json.dumps({"question": question, "answer": four_parts(text)}))


def test_quotas_are_filled_although_rows_fail(tmp_path: Path) -> None:
    wanted = {"Skin": 12, "Heart": {"quota": 50, "about": "The heart and its vessels."}}
    with ScriptedServer(FlakyTeacher(stubborn=0.1)) as server:
        made = distil(tmp_path, section(server.base_url, mode="pairs", categories=wanted))
        sent = [request["messages"][-1]["content"] for request in server.requests]
    accounted(made)
    assert [(one.name, one.quota, one.accepted) for one in made.facts.categories] == [
        ("Skin", 12, 12),
        ("Heart", 50, 50),
    ]
    assert sum(one.asked for one in made.facts.categories) == made.facts.rows
    assert made.facts.questions == 62
    assert {record.category for record in made.records} == {"Skin", "Heart"}
    assert all(record.made_from is None and record.topic for record in made.records)
    assert all("About: The heart and its vessels." in text for text in sent if "Category: Heart" in text)


def test_given_topics_are_used_in_order_and_no_others(tmp_path: Path) -> None:
    category = {"quota": 3, "topics": ["acne", "eczema", "psoriasis", "warts"]}
    with ScriptedServer(FlakyTeacher(share=0.0)) as server:
        made = distil(tmp_path, section(server.base_url, mode="pairs", categories={"Skin": category}))
        assert len(server.requests) == 3
    assert [record.topic for record in made.records] == ["acne", "eczema", "psoriasis"]


def test_the_same_question_makes_room_for_the_next_topic(tmp_path: Path) -> None:
    def script(messages: list[Message]) -> Step:
        topic = messages[-1]["content"].splitlines()[0]
        question = "What can I do about itchy skin?" if topic.endswith(("acne", "warts")) else f"What is {topic[7:]}?"
        return pair(question, topic)

    category = {"quota": 3, "topics": ["acne", "warts", "eczema", "psoriasis"]}
    with ScriptedServer(script) as server:
        made = distil(tmp_path, section(server.base_url, mode="pairs", categories={"Skin": category}))
    accounted(made)
    assert [record.topic for record in made.records] == ["acne", "eczema", "psoriasis"]
    assert made.facts.rejected == {SAME_QUESTION: 1}


def test_a_teacher_without_ideas_ends_short_and_says_so(tmp_path: Path) -> None:
    def script(messages: list[Message]) -> Step:
        if "Topics wanted" in messages[-1]["content"]:
            return Answer(json.dumps({"topics": ["Acne", "acne", " ACNE ", "warts"]}))
        return Answer(good(messages))

    with ScriptedServer(script) as server:
        made = distil(tmp_path, section(server.base_url, mode="pairs", categories={"Skin": 9}))
    assert [record.topic for record in made.records] == ["Acne", "warts"]
    assert any("category Skin: 2 of 9 rows" in text for text in made.manifest.warnings)


def test_which_rows_are_taken_does_not_depend_on_who_is_first(tmp_path: Path) -> None:
    records = []
    for folder, concurrency in ((tmp_path / "a", 1), (tmp_path / "b", 16)):
        folder.mkdir()
        with ScriptedServer(FlakyTeacher(stubborn=0.1)) as server:
            source = section(server.base_url, mode="pairs", categories={"A": 6, "B": 6}, concurrency=concurrency)
            records.append([(one.id, one.question, one.answer) for one in distil(folder, source).records])
    assert records[0] == records[1]


def test_the_bundled_categories_are_two_hundred_pairs() -> None:
    found = named_set("medical-education")
    assert [category.quota for category in found] == [63, 56, 33, 26, 22]
    assert sum(category.quota for category in found) == 200
    assert all(category.about for category in found)


def test_a_budget_ends_the_quotas(tmp_path: Path) -> None:
    with ScriptedServer(FlakyTeacher(share=0.0)) as server:
        source = section(server.base_url, mode="pairs", categories={"A": 30}, token_budget=1800, max_tokens=100)
        made = distil(tmp_path, source)
    accounted(made)
    assert made.facts.budget_spent
    assert made.facts.prompt_tokens + made.facts.answer_tokens <= 1800
    assert 0 < made.facts.categories[0].accepted < 30
