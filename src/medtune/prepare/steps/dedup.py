"""One of each identical answer (folded) is kept: in the test split before validation, in validation before training.

A gold set is kept as its owner made it.
"""

from medtune.prepare.draft import Draft, Rejections
from medtune.runs.records.prepare import Split

ORDER: tuple[Split, ...] = ("test", "validation", "train")


def drop_duplicates(splits: dict[Split, list[Draft]], rejections: Rejections) -> dict[Split, list[Draft]]:
    """The splits without repeated answers; within a split the draft that sorts first by id is kept."""
    seen: set[str] = set()
    kept: dict[Split, list[Draft]] = {}
    for split in ORDER:
        kept[split] = []
        for draft in sorted(splits[split], key=lambda draft: draft.id):
            digest = draft.answer_digest
            if digest in seen and draft.converter != "gold":
                rejections.add(draft.id, "dedup", "another row has the same answer")
            else:
                seen.add(digest)
                kept[split].append(draft)
    return kept
