"""Time to grade recorded answers with every check that needs no model.

    python benchmarks/grade.py [--answers 10000] [--suite emergency] [--processes 2]

The answers are made of the suites' own reference answers and damaged ones (`audit.instrument`), each with another first
line, so that no text is read twice; half of them are about as long again. Prints one JSON object.
"""

import argparse
import itertools
import json
import time
from collections import Counter

from medtune.audit.instrument import mutants_of
from medtune.audit.recorded import RecordedAnswer, grade_recorded, grader_of
from medtune.audit.rubrics import load_rubrics


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--answers", type=int, default=10_000)
    options.add_argument("--suite", action="append")
    options.add_argument("--processes", type=int, default=2)
    asked = options.parse_args()
    rubrics = load_rubrics(asked.suite or ["emergency"])
    texts = []
    for name, suite in rubrics.suites.items():
        for case in suite.cases:
            for text in case.references:
                texts.append((f"{name}/{case.id}", case.prompt, text))
                texts += [(f"{name}/{case.id}", case.prompt, one.text) for one in mutants_of(rubrics, name, case, text)]
    rows = []
    for number, (scenario, prompt, text) in zip(range(asked.answers), itertools.cycle(texts), strict=False):
        more = texts[(7 * number + 3) % len(texts)][2] if number % 2 else ""
        answer = f"Here is what you can do, number {number}.\n{text}\n{more}"
        rows.append(
            RecordedAnswer(id=str(number), prompt=prompt, answer=answer, scenario=scenario, finish_reason="stop")
        )
    grader = grader_of(rubrics)
    began = time.perf_counter()
    graded = grade_recorded(rows, grader, asked.processes)
    seconds = time.perf_counter() - began
    print(
        json.dumps(
            {
                "answers": len(rows),
                "distinct_texts": len({row.answer for row in rows}),
                "mean_chars": round(sum(len(row.answer) for row in rows) / len(rows)),
                "processes": asked.processes,
                "known_steps": len(grader.steps.steps) if grader.steps else 0,
                "seconds": round(seconds, 2),
                "answers_per_s": round(len(rows) / seconds, 1),
                "verdicts": Counter(row["verdict"] for row in graded),
            }
        )
    )


if __name__ == "__main__":
    main()
