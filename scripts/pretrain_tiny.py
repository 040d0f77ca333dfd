"""Rebuild the embedded tiny base model from a folder of MedQuAD XML.

    python scripts/pretrain_tiny.py DATA_DIR OUT_DIR [--device cuda|cpu] [--steps N] [--seed 7]
    python scripts/pretrain_tiny.py DATA_DIR HELDOUT_FILE --choose-heldout

DATA_DIR holds MedQuAD's collection folders (https://github.com/abachaa/MedQuAD). OUT_DIR gets the weights, the
tokenizer, the chat template and pretrain.json with everything that was measured. Minutes on a GPU.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import GenerationConfig

from tiny import corpus, documents, model, tokenizer

HELDOUT = Path(__file__).resolve().parent.parent / "src" / "medtune" / "data" / "heldout_topics.txt"


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of MedQuAD XML")
    parser.add_argument("out", type=Path, help="folder for the model, or the held-out list with --choose-heldout")
    parser.add_argument("--choose-heldout", action="store_true", help="only draw the held-out topics")
    parser.add_argument("--heldout", type=Path, default=HELDOUT, help="list of topics to leave out")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--steps", type=int, default=model.Schedule.steps)
    parser.add_argument("--dropout", type=float, default=model.Schedule.dropout)
    parser.add_argument("--batch-tokens", type=int, default=model.Schedule.batch_tokens)
    parser.add_argument("--vocab-size", type=int, default=tokenizer.VOCAB_SIZE)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args(argv)


def encode_rows(fast: Any, rows: Sequence[corpus.Row], longest: int) -> list[list[int]]:
    """Token ids of each rendered row; rows longer than the context are left out."""
    encoded = fast.encode_batch([tokenizer.render(row.messages) for row in rows])
    return [item.ids for item in encoded if len(item.ids) <= longest]


def card_name(device: str) -> str:
    """The name of the processor that trained."""
    return torch.cuda.get_device_name() if device == "cuda" else platform.processor() or platform.machine()


def write_json(path: Path, value: object) -> None:
    """Write indented JSON with a final newline."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def pretrain(arguments: argparse.Namespace) -> dict[str, Any]:
    """Make corpus, tokenizer and model, write them to OUT_DIR, and return the facts of pretrain.json."""
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    files = documents.input_files(arguments.data)
    found = documents.read_documents(files)
    heldout = documents.read_heldout(arguments.heldout)
    train_rows, validation_rows = corpus.build_corpus(found, heldout, arguments.seed)
    if not train_rows or not validation_rows:
        raise SystemExit(f"{arguments.data}: too few documents with answers: no training or no validation rows")
    texts = (message["content"] for row in train_rows for message in row.messages)
    serialised = tokenizer.train_sentencepiece(texts, arguments.seed, arguments.vocab_size)
    context = 2048
    fast = tokenizer.save_tokenizer(serialised, out, context)
    train_ids = encode_rows(fast, train_rows, context)
    validation_ids = encode_rows(fast, validation_rows, context)
    vocab = fast.get_vocab()
    eos_id, pad_id = vocab[tokenizer.END], vocab[tokenizer.PAD]
    config = model.make_config(fast.get_vocab_size(), eos_id, pad_id)
    schedule = model.Schedule(steps=arguments.steps, batch_tokens=arguments.batch_tokens, dropout=arguments.dropout)
    trained, outcome = model.train(
        config, train_ids, validation_ids, schedule, device=torch.device(arguments.device), seed=arguments.seed
    )
    trained.generation_config = GenerationConfig(eos_token_id=eos_id, pad_token_id=pad_id, do_sample=False)
    trained.save_pretrained(out)
    return {
        "seed": arguments.seed,
        "data_sha256": documents.digest_files(files, arguments.data),
        "corpus_sha256": corpus.digest_rows([*train_rows, *validation_rows]),
        "files": len(files),
        "documents": len(found),
        "documents_held_out": sum(document.key in heldout for document in found),
        "topics_held_out": len(heldout),
        "rows": {"train": len(train_ids), "validation": len(validation_ids)},
        "row_tokens": {"train": sum(map(len, train_ids)), "validation": sum(map(len, validation_ids))},
        "forms": dict(sorted(Counter(row.form for row in train_rows).items())),
        "parameters": sum(weight.numel() for weight in trained.parameters()),
        "vocabulary": fast.get_vocab_size(),
        "schedule": vars(schedule),
        **outcome.facts(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "card": card_name(arguments.device),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Choose the held-out topics or pretrain, as the command line asks."""
    arguments = parse(argv)
    if arguments.choose_heldout:
        found = documents.read_documents(documents.input_files(arguments.data))
        topics = documents.choose_heldout(found)
        arguments.out.write_text(documents.HELDOUT_HEADER + "\n".join(topics) + "\n", encoding="utf-8")
        print(f"{arguments.out}: {len(topics)} topics")
        return
    facts = pretrain(arguments)
    write_json(arguments.out / "pretrain.json", facts)
    print(f"{arguments.out}: best validation loss {facts['best_loss']:.4f} at step {facts['best_step']}")


if __name__ == "__main__":
    main()
