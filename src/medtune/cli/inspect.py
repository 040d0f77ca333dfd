"""`medtune inspect FILE.gguf`: what is inside."""

from pathlib import Path
from typing import Any

import click

from medtune.cli.options import example


@click.command(
    epilog=example("medtune inspect model-Q4_K_M.gguf", "medtune inspect model-Q4_K_M.gguf --json | jq .types")
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--tensors", is_flag=True, help="List every tensor with its type and shape.")
@click.option("--template", is_flag=True, help="Print the chat template and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
def inspect(file: Path, tensors: bool, template: bool, as_json: bool) -> None:
    """Print what a GGUF file holds: metadata, tokenizer, chat template, tensors by type.

    Only the head of FILE is read. A file that is cut off, or no GGUF, is an error.
    """
    import json

    from medtune.core.errors import ModelError
    from medtune.llamacpp.describe import describe_gguf

    found = describe_gguf(file)
    if template and found["chat_template"] is None:
        raise ModelError(
            "this file has no chat template",
            where=str(file),
            next_step="export it again from a model folder with a chat template",
        )
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    elif template:
        click.echo(found["chat_template"])
    else:
        for line in _page(found, tensors):
            click.echo(_plain(line))


def _page(found: dict[str, Any], tensors: bool) -> list[str]:
    tokenizer = found["tokenizer"]
    template = found["chat_template"]
    lines = [
        f"{found['file']}: {found['size_bytes'] / 1e6:,.1f} MB",
        f"model:      {found['name'] or 'without a name'} ({found['architecture'] or 'no architecture'}), "
        f"{found['parameters'] / 1e6:,.1f} million weights, {found['bits_per_weight']:.2f} bits each",
        f"context:    {found['context_length'] or 'not said'} tokens",
        f"tokenizer:  {tokenizer['model'] or 'none'}"
        + (f", {tokenizer['pre']}" if tokenizer["pre"] else "")
        + f", {tokenizer['tokens']:,} tokens",
    ]
    lines += [f"  {name}: {one['id']} {one['text'] or ''}".rstrip() for name, one in tokenizer["special"].items()]
    lines.append(f"template:   {len(template)} characters (--template prints it)" if template else "template:   none")
    lines.append("tensors:")
    for name, one in found["types"].items():
        share = 100 * one["size_bytes"] / max(1, found["size_bytes"])
        lines.append(f"  {name:8} {one['tensors']:5} tensors  {one['size_bytes'] / 1e6:12,.1f} MB  {share:5.1f} %")
    if tensors:
        lines += [f"  {one['name']}: {one['type']} {' × '.join(map(str, one['shape']))}" for one in found["tensors"]]
    if "quantize.imatrix.file" in found["metadata"]:
        layers = found["metadata"].get("quantize.imatrix.entries_count", "?")
        lines.append(f"imatrix:    quantized with an importance matrix of {layers} layers")
    lines.append("metadata:")
    lines += [f"  {key}: {_value(value)}" for key, value in found["metadata"].items()]
    return lines


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['count']:,} values"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(line: str) -> str:
    """The line without control characters: a file from elsewhere must not drive the terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
