"""The data card: of what the examples were made, what was left out and why, how like each other they are.

Every figure comes from stats.json and sources.json; names of rows that a length limit cut, from rejected.jsonl.
"""

from collections import Counter
from typing import Any

from medtune.report.load import Loaded

SPLITS = ("train", "validation", "test")
_CLUSTERS = ("threshold", "clusters", "rows", "kept", "largest", "pairs_compared", "buckets_not_compared_whole")


def data_card(run: Loaded) -> dict[str, Any]:
    """Everything that a data officer asks about the examples."""
    stats = run.stats
    limit = run.section("prepare", "prepare").get("max_tokens")
    return {
        "splits": [_split(name, stats) for name in SPLITS],
        "sources": _sources(run),
        "licences": stats["licences"],
        "converters": _converters(stats["converters"]),
        "templates": [
            {"converter": converter, "template": template, "count": count}
            for converter, counts in stats.get("templates", {}).items()
            for template, count in counts.items()
        ],
        "tokens": _lengths(list(stats["tokens"].values()), limit if isinstance(limit, int) else None),
        "cut": _cut(run),
        "clusters": _clusters(stats.get("groups") or {}),
        "identical": stats.get("duplicates", 0),
        "decontamination": [
            {"name": name, **counts} for name, counts in sorted(stats.get("decontamination", {}).items())
        ],
        "phi": _phi(stats.get("phi")),
        "samples": _samples(run),
        "not_public": stats.get("not_public", 0),
    }


def _split(name: str, stats: dict[str, Any]) -> dict[str, Any]:
    return {
        "split": name,
        "examples": stats["rows"][name],
        "topics": stats["topics"][name],
        "tokens": stats["tokens"][name]["total"],
    }


def _sources(run: Loaded) -> list[dict[str, Any]]:
    """What became of the rows of each source, and of rows that no source brought (a gold set, a made-up fact)."""
    rows, left = run.stats["sources"], run.stats.get("rejected_by_source", {})
    read = {source.name: source for source in run.sources}
    others = sorted({name for counts in rows.values() for name in counts} | set(left))
    return [
        {
            "source": name,
            "read": read[name].rows if name in read else None,
            "kept": read[name].kept if name in read else None,
            "examples": {split: rows[split].get(name, 0) for split in SPLITS},
            "left_out": [
                *_reasons("collect", read[name].dropped if name in read else {}),
                *(one for step, counts in left.get(name, {}).items() for one in _reasons(step, counts)),
            ],
        }
        for name in (*read, *(name for name in others if name not in read))
    ]


def _reasons(step: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    return [{"step": step, "reason": reason, "count": count} for reason, count in sorted(counts.items())]


def _converters(of_splits: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    total: Counter[str] = Counter()
    for counts in of_splits.values():
        total.update(counts)
    return [{"converter": name, "count": count} for name, count in sorted(total.items())]


def _lengths(parts: list[dict[str, Any]], limit: int | None) -> dict[str, Any]:
    """One histogram of several: their bins begin at 0 and double in width, so the widest hold the others whole."""
    filled = [part for part in parts if part["histogram"]]
    if not filled:
        return {"edges": [], "counts": [], "limit": limit, "mean": None, "longest": None}
    width = max(part["histogram"][0]["to"] for part in filled)
    counts: Counter[int] = Counter()
    for part in filled:
        for slot in part["histogram"]:
            counts[slot["from"] // width] += slot["rows"]
    bins = range(max(counts) + 1)
    return {
        "edges": [width * number for number in (*bins, len(bins))],
        "counts": [counts[number] for number in bins],
        "limit": limit,
        "mean": sum(part["total"] for part in filled) / sum(counts.values()),
        "longest": max(part["max"] for part in filled),
    }


def _cut(run: Loaded) -> dict[str, Any]:
    """What the length limits cut: how long it was, and the rows by name."""
    cut = run.stats.get("cut") or {"limit": None, "rows": 0, "total": 0, "histogram": []}
    return {
        "limit": cut["limit"],
        "rows": cut["rows"],
        "tokens": _lengths([cut], cut["limit"]),
        "listed": [{"id": row.id, "reason": row.reason} for row in run.cut],
        "more": run.more_cut,
    }


def _clusters(groups: dict[str, Any]) -> dict[str, Any] | None:
    """Near duplicates (None where nothing was looked for), and the groups that never cross the split."""
    if not groups:
        return None
    near = groups["near_duplicates"]
    return {
        "rule": near["rule"],
        **{key: near.get(key) for key in _CLUSTERS},
        "groups": groups["count"],
        "largest_groups": groups["largest"],
        "to_training": groups["kept_in_training_for_their_size"],
    }


def _phi(phi: Any) -> dict[str, Any] | None:
    """What the PHI gate did and how it measured itself; None in runs without one."""
    if not isinstance(phi, dict) or not phi:
        return None
    planted, found = phi.get("planted") or {}, phi["found"]
    recall = planted.get("recall", {})
    kinds = [*recall, *sorted({*found["clinical"], *found["public"]} - set(recall))]
    return {
        "action": phi["action"],
        "records": phi["records"],
        "accepted": phi.get("accepted"),
        "ner_model": phi.get("ner_model", False),
        "floor": planted.get("floor"),
        "below_floor": planted.get("below_floor", []),
        "clinical_words_masked": sum(phi.get("clinical_words_masked", {}).values()),
        "kinds": [
            {
                "kind": kind,
                "planted": recall.get(kind, {}).get("planted"),
                "recalled": recall.get(kind, {}).get("found"),
                "recall": recall.get(kind, {}).get("recall"),
                "clinical": found["clinical"].get(kind, 0),
                "public": found["public"].get(kind, 0),
            }
            for kind in kinds
        ],
        "measured": phi.get("measured", []),
    }


def _samples(run: Loaded) -> list[dict[str, Any]]:
    """Training examples of public sources; the beginnings of their turns."""
    withheld = {source.name for source in run.sources if not source.public}
    return [sample for sample in run.stats.get("samples", []) if sample["source"] not in withheld]
