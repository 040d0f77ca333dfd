"""Rows a second of distillation, against the teacher's own speed: the same calls from a bare loop, in the same run.

    python benchmarks/distill.py [--rows 1000] [--concurrency 16] [--latency 0.25] [--rounds 2]

The teacher is a scripted server in a process of its own. It answers after a fixed time, and one call in five fails in
one of six ways (tests/support/teacher.py); one in fifty does so always. Each round, distillation writes the rows, and
then as many threads send exactly the requests that the server saw, in their order, with nothing but an HTTP client,
to a fresh server of the same script. Prints one JSON object: `ratio` is the time of the bare loop over that of
distillation, of medians. What distillation loads once in a process (the detectors' models) is timed apart.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from medtune.core.io import read_json
from medtune.core.net import Egress, client, transport_error
from medtune.runs.layout import DISTILL, RECORDS, UNACCEPTED, RunDir
from medtune.runs.records.base import read_rows
from medtune.runs.records.collect import Record
from medtune.runs.records.distill import Unaccepted

TIMEOUT_S = 5.0
HANG_S = 0.5
_BUSY = 429


def main() -> None:
    """Measure both in turns and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--latency", type=float, default=0.25)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.latency)
        return
    began = time.perf_counter()
    load()
    loading_s = time.perf_counter() - began
    rounds = [one_round(given.rows, given.concurrency, given.latency) for _ in range(given.rounds)]
    bare, ours = (median(one[key] for one in rounds) for key in ("bare_s", "distill_s"))
    print(
        json.dumps(
            {
                "rows": given.rows,
                "concurrency": given.concurrency,
                "latency_s": given.latency,
                "rounds": rounds,
                "loading_s": round(loading_s, 2),
                "distill_s": ours,
                "bare_s": bare,
                "rows_per_s": round(given.rows / ours, 1),
                "ratio": round(bare / ours, 3),
            }
        )
    )


def load() -> None:
    """What is read once in a process."""
    from medtune.collect.distill.asking import load_detectors

    load_detectors()


def one_round(rows: int, concurrency: int, latency_s: float) -> dict[str, Any]:
    """Both sides once, and what became of the rows."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with teacher(latency_s, folder / "asked.jsonl") as address:
            seconds, made = distil(folder, address, rows, concurrency)
        bodies = [json.loads(line) for line in (folder / "asked.jsonl").read_text("utf-8").splitlines()]
        with teacher(latency_s, folder / "bare.jsonl") as address:
            bare = bare_loop(address, bodies, concurrency)
    return {"distill_s": round(seconds, 2), "bare_s": round(bare, 2), "requests": len(bodies), **made}


def distil(folder: Path, address: str, rows: int, concurrency: int) -> tuple[float, dict[str, Any]]:
    """Seconds of the whole collect stage, and its counts."""
    from medtune.collect import stage
    from medtune.config.recipe import Recipe, RecipeView

    questions = [{"question": f"What is the finding number {number}?", "answer": "None yet."} for number in range(rows)]
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions))
    source = {
        "kind": "distill",
        "task": "terminology",
        "teacher": {"endpoint": f"{address}/v1", "model": "scripted", "timeout_s": TIMEOUT_S},
        "from": {"kind": "files", "path": "seeds.jsonl"},
        "concurrency": concurrency,
    }
    recipe = Recipe.model_validate({"name": "bench", "collect": {"sources": [source]}})
    run = RunDir(folder / "run")
    run.path.mkdir()
    began = time.perf_counter()
    stage.run(RecipeView(recipe, stage.READS, folder), run)
    seconds = time.perf_counter() - began
    done = run.stage("collect")
    records, unaccepted = read_rows(done / RECORDS, Record), read_rows(done / UNACCEPTED, Unaccepted)
    ids = Counter(row.id for row in (*records, *unaccepted))
    facts = read_json(done / DISTILL)[0]
    counts = {
        "accepted": len(records),
        "rejected": len(unaccepted),
        "without_reason": sum(not row.reason for row in unaccepted),
        "unaccounted": rows - len(ids),
        "twice": sum(count - 1 for count in ids.values()),
        "same_answers": len(records) - len({record.answer for record in records}),
        "troubles": facts["troubles"],
    }
    return seconds, counts


def bare_loop(address: str, bodies: list[dict[str, Any]], concurrency: int) -> float:
    """Seconds to send all bodies from as many threads, each with its own connection; answers are thrown away."""
    left = deque(bodies)

    def work() -> None:
        with client(Egress(), timeout_s=TIMEOUT_S, base_url=address) as http:
            while left:
                try:
                    body = left.popleft()
                except IndexError:
                    return
                try:
                    http.post("/v1/chat/completions", json=body).read()
                except transport_error():
                    pass

    began = time.perf_counter()
    with ThreadPoolExecutor(concurrency) as pool:
        for one in [pool.submit(work) for _ in range(concurrency)]:
            one.result()
    return time.perf_counter() - began


@contextmanager
def teacher(latency_s: float, asked: Path) -> Any:
    """The scripted teacher in a process of its own; the bodies that it was asked stand in `asked` afterwards."""
    words = [sys.executable, __file__, "--serve", "--latency", str(latency_s)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        out, _ = process.communicate("stop\n", timeout=60)
        asked.write_text(out, encoding="utf-8")


def serve(latency_s: float) -> None:
    """Say the address, answer until a line comes in, then print every request."""
    from teacher import FlakyTeacher

    from medtune.llm.scripted import ScriptedServer

    script = FlakyTeacher(share=0.2, stubborn=0.02, delay_s=latency_s, hang_s=HANG_S)
    with ScriptedServer(script) as server:
        print(server.base_url, flush=True)
        sys.stdin.readline()
    for body in server.requests:
        print(json.dumps(body))


if __name__ == "__main__":
    main()
