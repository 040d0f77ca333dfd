"""Made-up cases: how many are distinct, plausible and nameless, how long they are, and how fast they come.

    python benchmarks/synthetic.py --cases 10000 --size mixed

For each task: rows that differ in their document, findings against the range table, words that are names of people,
answers that miss the task's contract or do not keep to their document, tokens of document and answer in the tiny
model's tokenizer, and cases a second of CPU time (drawing alone).
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from medtune.collect.synthetic.generate import WRITERS, Made, generate
from medtune.collect.synthetic.plausible import implausible, people
from medtune.core.hashing import sha256_text
from medtune.tasks import check_contract, load_task

TOKENIZER = Path(__file__).parents[1] / "src" / "medtune" / "data" / "tiny" / "tokenizer.json"
EDGES = (200, 300, 400, 500, 700, 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--size", choices=["short", "full", "mixed"], default="short")
    parser.add_argument("--us", action="store_true", help="conventional units")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    figures = {task: figures_of(task, options) for task in WRITERS}
    print(json.dumps({"settings": vars(options), "tasks": figures}, indent=2, ensure_ascii=False))


def figures_of(task: str, options: argparse.Namespace) -> dict[str, Any]:
    """All figures of one task."""
    from tokenizers import Tokenizer

    began = time.process_time()
    rows = list(generate(task, options.cases, options.seed, size=options.size, us=options.us))
    seconds = time.process_time() - began
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    documents, answers = (lengths(tokenizer, [getattr(row, key) for row in rows]) for key in ("document", "answer"))
    both = sorted(one + other for one, other in zip(documents, answers, strict=True))
    return {
        "cases": len(rows),
        "distinct": len({sha256_text(row.document) for row in rows}),
        "conditions": len({row.topic for row in rows}),
        "implausible": dict(Counter(problem for row in rows for problem in implausible(row.document))),
        "names": dict(Counter(word for row in rows for word in people(_text(row)))),
        "contract": contract(task, rows),
        "document_tokens": histogram(documents),
        "document_and_answer_tokens": histogram(both),
        "median": both[len(both) // 2],
        "cases_per_cpu_second": round(len(rows) / seconds),
    }


def contract(task: str, rows: list[Made]) -> dict[str, int]:
    """Findings of the task's checker over all answers, by name."""
    checked = load_task(task)
    results = (check_contract(checked, row.answer, "stop", row.question) for row in rows)
    return dict(Counter(found.name for result in results for found in (*result.problems, *result.unfaithful)))


def lengths(tokenizer: Any, texts: list[str]) -> list[int]:
    """Tokens of each text."""
    return [len(encoding.ids) for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]


def histogram(values: list[int]) -> dict[str, float]:
    """Share of values up to each edge."""
    return {f"<= {edge}": round(sum(value <= edge for value in values) / len(values), 4) for edge in EDGES}


def _text(row: Made) -> str:
    return f"{row.question}\n{row.answer}"


if __name__ == "__main__":
    main()
