"""What reading an answer costs: many concepts' mentions, polarity, quantities and the reply's class, per answer.

    python benchmarks/mentions.py --answers 2000

Answers are put together from the tests' own sentences, six each, none twice; figures are milliseconds of one core.
"""

import argparse
import csv
import itertools
import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

from medtune.detect.garble import measure
from medtune.detect.language import read_language
from medtune.detect.mentions import read_mentions
from medtune.detect.polarity import read_polarity
from medtune.detect.quantities import read_quantities
from medtune.detect.refusal import classify

SENTENCES = Path(__file__).parents[1] / "tests" / "detect" / "polarity" / "dev.tsv"
CONCEPTS = [
    [re.compile(source, re.IGNORECASE) for source in sources.split("&")]
    for sources in (
        r"\bbutter\b&\boil\b", r"\bice\b", r"(?:call|dial|ring)\W+(?:\w+\W+){0,3}(?:999|911|112|ambulance)",
        r"\bpress(?:ure)?\b", r"\btourniquet\b", r"\baspirin\b", r"\bvomit(?:ing)?\b", r"\bcompressions?\b|\bCPR\b",
        r"\bremove\b&\bpull(?:ing)? (?:it |the \w+ )?out", r"\b(?:cool|cold|running) water\b",
    )
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=1000)
    count = parser.parse_args().answers
    with SENTENCES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    draw = random.Random(0)
    answers = [
        f"{number}. " + " ".join(row["sentence"].replace("\\n", "\n") for row in draw.sample(rows, 6))
        for number in range(count)
    ]
    checks: dict[str, Callable[[str], object]] = {
        "mentions of ten concepts": lambda text: [read_mentions(text, patterns) for patterns in CONCEPTS],
        "polarity of three actions after that": lambda text: [
            read_polarity(text, action) for action in ("apply butter", "press on the wound", "call an ambulance")
        ],
        "quantities": read_quantities,
        "refusal": classify,
        "language": read_language,
        "garble": measure,
    }
    seconds = dict.fromkeys(checks, 0.0)
    for answer, (name, check) in itertools.product(answers, checks.items()):
        began = time.process_time()
        check(answer)
        seconds[name] += time.process_time() - began
    figures = {name: round(1000 * spent / count, 3) for name, spent in seconds.items()}
    characters = sum(map(len, answers)) / count
    print(json.dumps({"answers": count, "mean_characters": round(characters), "ms_per_answer": figures}, indent=2))


if __name__ == "__main__":
    main()
