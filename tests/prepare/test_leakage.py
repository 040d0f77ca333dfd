"""Nothing crosses the split and nothing that an audit or a benchmark asks is trained on, looked at by brute force."""

import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

from datarun import prepare, recipe, splits

from medtune.core.io import read_json
from medtune.core.text import fold
from medtune.prepare.draft import Draft, Rejections
from medtune.prepare.split import SplitRule, place
from medtune.prepare.steps.decontaminate import drop_guarded, make_guard
from medtune.runs.layout import REJECTED, STATS, RunDir
from medtune.runs.records.base import read_rows
from medtune.runs.records.collect import Turn
from medtune.runs.records.prepare import Example, Rejected
from medtune.suites import load_suite

SYLLABLES = [a + b + c for a in "bdfgklmnprstvz" for b in "aeiou" for c in ("n", "r", "st", "lo")]
CROSS_ROWS = 5_000


def runs_of(text: str) -> set[tuple[str, ...]]:
    """Runs of five words, in plain Python."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return {tuple(words[at : at + 5]) for at in range(max(1, len(words) - 4))}


def near_across(found: dict[str, list[Example]]) -> tuple[int, int]:
    """How many of at most CROSS_ROWS rows outside of training nearly repeat a training row; how many were seen."""
    train = [runs_of(row.messages[-1].content) for row in found["train"]]
    holders: dict[tuple[str, ...], list[int]] = {}
    for number, runs in enumerate(train):
        for run in runs:
            holders.setdefault(run, []).append(number)
    others = [row for name in ("validation", "test") for row in found[name]]
    random.Random(3).shuffle(others)
    near = 0
    for row in others[:CROSS_ROWS]:
        runs = runs_of(row.messages[-1].content)
        shared = Counter(number for run in runs for number in holders.get(run, ()))
        near += any(count / (len(runs) + len(train[number]) - count) >= 0.8 for number, count in shared.items())
    return near, len(others[:CROSS_ROWS])


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def near_copies(count: int) -> list[dict[str, Any]]:
    """Families of four answers that differ in a word or two, each under topics of its own."""
    draw = random.Random(5)
    rows = []
    for family in range(count // 4):
        words = draw.choices(SYLLABLES, k=60)
        for member in range(4):
            own = list(words)
            for _ in range(member % 2):
                own[draw.randrange(60)] = draw.choice(SYLLABLES)
            name = f"{family}-{member}"
            rows.append({"question": f"What is {name}?", "answer": " ".join(own), "topic": f"t {name}"})
    return rows


def test_near_duplicates_share_a_split(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", near_copies(1200))
    leaks = {}
    for rule in ("ignore", "together", "one"):
        folder = tmp_path / rule
        folder.mkdir()
        write(folder / "a.jsonl", near_copies(1200))
        run, _ = prepare(recipe([{"kind": "files", "path": "a.jsonl"}], prepare={"near_duplicates": rule}), folder)
        found = splits(run)
        leaks[rule], looked_at = near_across(found)
        assert looked_at > 20
        answers = Counter(fold(row.messages[-1].content) for part in found.values() for row in part)
        assert max(answers.values()) == 1
        topics = [{row.topic for row in part} for part in found.values()]
        assert sum(map(len, topics)) == len(set().union(*topics))
    assert leaks["ignore"] > 20, "without the rule this data leaks"
    assert leaks["together"] == leaks["one"] == 0
    stats = read_json(tmp_path / "together" / "run" / "02-prepare" / STATS)["groups"]["near_duplicates"]
    assert stats["clusters"] == 300
    assert stats["rows"] >= 1190


def test_bundled_documents_do_not_leak(tmp_path: Path) -> None:
    section = {"converters": ["qa"], "max_tokens": 4096, "validation_share": 0.2, "test_share": 0.3}
    run, _ = prepare(recipe([{"kind": "medquad", "limit": 500}], prepare=section), tmp_path)
    near, looked_at = near_across(splits(run))
    assert looked_at > 300
    assert near <= 0.001 * looked_at


def test_a_group_larger_than_a_split_goes_to_training() -> None:
    keys = [(f"document:{n}", "topic:big") for n in range(400)] + [(f"topic:t{n}",) for n in range(400)]
    for seed in range(12):
        placed = place(keys, SplitRule(seed, 0.1, 0.2, None))
        assert set(placed.splits[:400]) == {"train"}
        assert {"validation", "test"} <= set(placed.splits)
    assert sum(place(keys, SplitRule(seed, 0.1, 0.2, None)).to_train for seed in range(12)) > 0


def draft(name: str, question: str, answer: str = "An answer of a few words.") -> Draft:
    turns = (Turn(role="user", content=question), Turn(role="assistant", content=answer))
    return Draft(name, turns, "", (f"document:{name}",), "qa", (name,), "s", "l", True)


PROMPT = "My father suddenly cannot lift his left arm and his speech is slurred, what should we do right now?"


def test_prompts_that_were_changed_a_little_are_found() -> None:
    guard = make_guard(
        {"bench": [PROMPT, "What is gout?"], "other": ["Something else that nobody here ever asks about."]}
    )
    rows = [
        draft("same", PROMPT),
        draft("word", PROMPT.replace("slurred", "unclear")),
        draft("inside", "Tell me.", f"He wrote: {PROMPT[:90].upper()} and then he called."),
        draft("short", "What is gout?"),
        draft("free", "My mother slowly lost the feeling in her left foot, is that dangerous for her in the long run?"),
    ]
    rejections = Rejections([])
    assert [row.id for row in drop_guarded(rows, guard, rejections)] == ["short", "free"]
    assert {row.step for row in rejections.rows} == {"decontaminate"}
    assert guard.report() == {
        "bench": {"texts": 2, "texts_met": 1, "rows": 3}, "other": {"texts": 1, "texts_met": 0, "rows": 0},
    }  # fmt: skip


def test_a_recipe_that_trains_on_its_own_audit_or_benchmark_is_told_so(tmp_path: Path) -> None:
    asked = load_suite("emergency-demo").cases[0].prompt
    rows = [{"question": asked, "answer": "Do it."}, {"question": PROMPT, "answer": "Wait."}]
    rows += [{"question": f"What is thing {n}?", "answer": f"Thing {n} is a thing, number {n}."} for n in range(40)]
    write(tmp_path / "a.jsonl", rows)
    write(tmp_path / "bench.jsonl", [{"id": 1, "stem": PROMPT, "options": ["Call for help and note the time."]}])
    of = recipe([{"kind": "files", "path": "a.jsonl"}], prepare={"benchmarks": ["bench.jsonl"], "min_answer_chars": 1})
    run, _ = prepare(of, tmp_path)
    reasons = {row.id: (row.step, row.reason) for row in read_rows(run.stage("prepare") / REJECTED, Rejected)}
    assert reasons["qa/a/a.jsonl:1"] == ("deny", "an audit asks this")
    assert reasons["qa/a/a.jsonl:2"] == ("decontaminate", "13 words in a row as benchmark bench.jsonl")
    report = read_json(RunDir(run.path).stage("prepare") / STATS)["decontamination"]
    assert report["benchmark bench.jsonl"] == {"texts": 2, "texts_met": 1, "rows": 1}
    assert report["suite emergency-demo"]["texts"] >= 20
