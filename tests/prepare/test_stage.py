import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from datarun import document, four_part_pairs, prepare, recipe, splits

from medtune.chat.base import tiny_folder
from medtune.chat.template import load_tokenizer
from medtune.config.recipe import RecipeView
from medtune.core.errors import DataError
from medtune.core.hashing import sha256_file
from medtune.core.text import fold, sentences
from medtune.detect.garble import measure
from medtune.prepare import stage
from medtune.prepare.split import read_topics
from medtune.runs.freshness import state_of
from medtune.runs.layout import REJECTED, STATS, RunDir
from medtune.runs.records.base import read_rows
from medtune.runs.records.prepare import Example, Rejected
from medtune.tasks import check_contract, load_task

TASK = load_task("terminology")
HELDOUT = read_topics(tiny_folder().parent / "heldout_topics.txt")
QUICKSTART = Path(__file__).parents[2] / "recipes" / "quickstart.yaml"


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def own_rows(count: int, **more: str) -> list[dict[str, Any]]:
    return [
        {"question": f"What is thing {n}?", "answer": f"Thing {n} is a made-up thing, number {n} of many.", **more}
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunDir]:
    """Collect and prepare of the quickstart recipe, on the bundled data."""
    values = yaml.safe_load(QUICKSTART.read_text())
    of = recipe(values["collect"]["sources"], prepare=values["prepare"], seed=values["seed"])
    yield prepare(of, tmp_path_factory.mktemp("quickstart"))[0]


def test_enough_rows_and_every_held_out_topic(quickstart: RunDir) -> None:
    rows = splits(quickstart)
    stats = json.loads((quickstart.stage("prepare") / STATS).read_text())
    assert len(rows["train"]) >= 1_500
    assert stats["rows"] == {name: len(part) for name, part in rows.items()}
    assert stats["test_topics"] == {"named": 200, "found": 200}
    first = [row.topic for row in rows["test"][:200]]
    assert set(first) == HELDOUT
    trained = {row.topic for name in ("train", "validation") for row in rows[name]}
    assert not trained & HELDOUT


def test_nothing_leaks_between_the_splits(quickstart: RunDir) -> None:
    rows = splits(quickstart)
    for key in ("topic", "answer", "prompt", "record"):
        seen: dict[str, str] = {}
        for name, part in rows.items():
            for row in part:
                for value in _values(row, key):
                    assert seen.setdefault(value, name) == name, (key, row.id)


def _values(row: Example, key: str) -> tuple[str, ...]:
    if key == "record":
        return row.records
    return (fold({"topic": row.topic, "answer": row.messages[-1].content, "prompt": row.messages[1].content}[key]),)


def test_every_explanation_keeps_the_form_and_every_refusal_does_not(quickstart: RunDir) -> None:
    for part in splits(quickstart).values():
        for row in part:
            answer = row.messages[-1].content
            assert check_contract(TASK, answer, "stop").ok is (row.converter == "terms")
            assert not measure(answer).garbled, row.id
            assert row.public
            assert [turn.role for turn in row.messages] == ["system", "user", "assistant"]


def test_refusals_have_their_share_and_topics_of_the_training_split(quickstart: RunDir) -> None:
    rows = splits(quickstart)
    refusals = [row for row in rows["train"] if row.converter == "refusal"]
    assert len(refusals) == pytest.approx(0.05 * len(rows["train"]), abs=1)
    assert {row.topic for row in refusals} <= {row.topic for row in rows["train"] if row.converter == "terms"}
    assert not any(row.converter == "refusal" for row in (*rows["validation"], *rows["test"]))


def test_sentences_are_the_sources_own(quickstart: RunDir) -> None:
    """Nothing invented: every sentence of every tenth row stands in a record that the row names."""
    records: dict[str, str] = {}
    for line in (quickstart.stage("collect") / "records.jsonl").read_text().splitlines():
        record = json.loads(line)
        records[record["id"]] = "".join(record["answer"].split()).casefold()
    for row in splits(quickstart)["train"][::10]:
        if row.converter != "terms":
            continue
        sources = [records[name] for name in row.records]
        for body in check_contract(TASK, row.messages[-1].content, "stop").parts.values():
            for sentence in sentences(body):
                # Footnote marks are taken out, so a sentence is looked up without its end.
                assert any("".join(sentence.split()).casefold()[:-3] in source for source in sources), row.id


def test_tokens_are_those_of_the_base(quickstart: RunDir) -> None:
    tokenizer = load_tokenizer(tiny_folder())
    rows = splits(quickstart)
    for row in rows["train"][::200]:
        assert row.tokens == tokenizer.count(row.messages)
    for part in rows.values():
        assert max(row.tokens for row in part) <= 512
    stats = json.loads((quickstart.stage("prepare") / STATS).read_text())
    for name, part in rows.items():
        assert sum(slot["rows"] for slot in stats["tokens"][name]["histogram"]) == len(part)
        assert stats["tokens"][name]["max"] == max(row.tokens for row in part)


def test_rejected_rows_hold_no_text(quickstart: RunDir) -> None:
    folder = quickstart.stage("prepare")
    rejected = read_rows(folder / REJECTED, Rejected)
    stats = json.loads((folder / STATS).read_text())
    assert len(rejected) == sum(sum(reasons.values()) for reasons in stats["rejected"].values())
    assert {(row.step, row.reason) for row in rejected} == {
        (step, reason) for step, reasons in stats["rejected"].items() for reason in reasons
    }
    assert max(len(row.reason) for row in rejected) < 60
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_licences_are_carried(quickstart: RunDir) -> None:
    stats = json.loads((quickstart.stage("prepare") / STATS).read_text())
    table = {line["source"]: line for line in stats["licences"]}
    assert table["medquad"]["licence"] == "CC BY 4.0"
    assert "Ben Abacha" in table["medquad"]["attribution"]
    assert sum(line["rows"] for line in stats["licences"]) == sum(stats["rows"].values())


def make_documents(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        topic = f"Pox{chr(97 + number // 26)}{chr(97 + number % 26)}"
        (folder / f"{number:03}.xml").write_text(document(topic, four_part_pairs(topic), name=f"{number:07}"))


def test_same_input_same_bytes_and_another_seed_another_split(tmp_path: Path) -> None:
    digests = []
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        folder = tmp_path / name
        folder.mkdir()
        make_documents(folder / "xml", 40)
        of = recipe([{"kind": "medquad", "path": "xml"}], seed=seed, prepare={"converters": ["terms", "qa", "refusal"]})
        run, _ = prepare(of, folder)
        digests.append(
            {
                path.name: sha256_file(path)
                for path in run.stage("prepare").glob("*.json*")
                if "manifest" not in path.name
            }
        )
    assert digests[0] == digests[1]
    assert digests[0]["train.jsonl"] != digests[2]["train.jsonl"]


def test_max_train_rows_is_a_seeded_draw_with_its_refusals(tmp_path: Path) -> None:
    make_documents(tmp_path / "xml", 60)
    section = {"converters": ["terms", "refusal"], "max_train_rows": 20, "refusal_share": 0.2}
    run, _ = prepare(recipe([{"kind": "medquad", "path": "xml"}], prepare=section), tmp_path)
    rows = splits(run)["train"]
    assert [sum(row.converter == name for row in rows) for name in ("terms", "refusal")] == [16, 4]
    assert [row.id for row in rows] == sorted(row.id for row in rows)


def test_users_rows_without_topics(tmp_path: Path) -> None:
    rows = own_rows(60)
    rows += [
        {"question": "Same question?", "answer": f"Another answer, number {n}, to the same question."} for n in range(5)
    ]
    rows += [{"question": f"Repeat {n}?", "answer": "The very same answer."} for n in range(4)]
    rows += [
        {
            "messages": [
                {"role": "system", "content": "own"},
                {"role": "user", "content": "u"},
                {"role": "assistant", "content": "A whole chat of its own."},
            ]
        }
    ]
    write_rows(tmp_path / "a.jsonl", rows)
    run, manifest = prepare(
        recipe([{"kind": "files", "path": "a.jsonl"}], prepare={"converters": ["qa", "refusal"], "refusal_share": 0.4}),
        tmp_path,
    )
    found = splits(run)
    everything = [(name, row) for name, part in found.items() for row in part]
    assert len({name for name, row in everything if row.messages[1].content == "Same question?"}) == 1
    assert sum(row.messages[-1].content == "The very same answer." for _, row in everything) == 1
    assert (
        next(row for _, row in everything if row.messages[-1].content == "A whole chat of its own.").messages[0].content
        == "own"
    )
    assert found["test"]
    assert found["validation"]
    assert not any(row.public for _, row in everything if row.converter == "qa")
    assert any("too few topics" in warning for warning in manifest.warnings)


def test_a_gold_set_is_asked_whole_and_never_trained_on(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", own_rows(40))
    gold = [
        {"instruction": "what is THING 3?", "output": "Gold answer, the same for two."},
        {"instruction": "Gold question?", "output": "thing 5 is a  made-up thing, number 5 of many."},
        {"instruction": "Second?", "output": "Gold answer, the same for two."},
        {"instruction": "Long?", "output": "word " * 3000},
        {"instruction": "Unanswered?", "output": ""},
    ]
    write_rows(tmp_path / "gold.jsonl", gold)
    of = recipe([{"kind": "files", "path": "a.jsonl"}], prepare={"test_file": "gold.jsonl"})
    run, _ = prepare(of, tmp_path)
    found = splits(run)
    assert [row.id for row in found["test"]] != []
    assert {row.id for row in found["test"]} == {f"gold/gold.jsonl:{line}" for line in (1, 2, 3, 4)}
    trained = {row.id for name in ("train", "validation") for row in found[name]}
    assert len(trained) == 38
    assert not trained & {"qa/a/a.jsonl:4", "qa/a/a.jsonl:6"}
    rejected = {(row.id, row.step) for row in read_rows(run.stage("prepare") / REJECTED, Rejected)}
    assert {("qa/a/a.jsonl:4", "gold"), ("qa/a/a.jsonl:6", "gold"), ("gold/gold.jsonl:5", "gold")} <= rejected
    view = RecipeView(of, stage.READS, tmp_path)
    assert state_of(stage, view, run).fresh
    write_rows(tmp_path / "gold.jsonl", gold[:2])
    assert not state_of(stage, view, run).fresh


def test_long_rows_are_rejected_and_listed(tmp_path: Path) -> None:
    rows = [*own_rows(20), {"question": "Long?", "answer": "word " * 600}, {"question": "Short?", "answer": "No."}]
    write_rows(tmp_path / "a.jsonl", rows)
    run, _ = prepare(recipe([{"kind": "files", "path": "a.jsonl"}]), tmp_path)
    assert all(splits(run).values())
    rejected = read_rows(run.stage("prepare") / REJECTED, Rejected)
    assert [(row.id, row.step) for row in rejected] == [("qa/a/a.jsonl:21", "length"), ("qa/a/a.jsonl:22", "length")]


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"test_topics": "topics.txt"}, "none of the test topics"),
        ({"test_topics": "gone.txt"}, "not found"),
        ({"test_file": "gone.jsonl"}, "not found"),
        ({"test_file": "empty.jsonl"}, "no rows"),
        ({"min_answer_chars": 5000}, "no training row"),
        ({"converters": ["terms"]}, "no training row"),
    ],
)
def test_bad_input(tmp_path: Path, section: dict[str, Any], words: str) -> None:
    write_rows(tmp_path / "a.jsonl", own_rows(20))
    (tmp_path / "topics.txt").write_text("gout\n")
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(DataError) as caught:
        prepare(recipe([{"kind": "files", "path": "a.jsonl"}], prepare=section), tmp_path)
    assert words in caught.value.what
    assert caught.value.where
    assert not (tmp_path / "run" / "02-prepare").exists()


def test_plan_says_what_is_known(tmp_path: Path) -> None:
    section = {"test_file": "gold.jsonl", "converters": ["qa", "refusal"]}
    view = RecipeView(recipe([{"kind": "medquad"}], prepare=section), stage.READS, tmp_path)
    lines = " ".join(stage.plan(view, RunDir(tmp_path / "run")))
    assert "will have written" in lines
    assert "qa, refusal" in lines
    assert "gold set gold.jsonl" in lines
