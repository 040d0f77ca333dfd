"""`medtune export`: of a recipe's run, or of any model folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from medtune.cli.options import SettingCommand, example, runs_option, set_option

if TYPE_CHECKING:
    from medtune.config.export import ExportSection
    from medtune.export.matrix import PlannedBuild

_OF_A_RECIPE = ("again", "overrides", "runs_folder")
_OF_A_FOLDER = ("adapter", "out", "name", "quantize", "imatrix", "trained_on", "fidelity_rows", "dry_run")


@click.command(
    cls=SettingCommand,
    epilog=example(
        "medtune export recipes/quickstart.yaml",
        "medtune export ~/models/Qwen2.5-7B-Instruct --quantize Q4_K_M,Q8_0",
        "medtune export ~/models/base --adapter ~/lora --out ~/gguf --quantize all",
    ),
)
@click.argument("target", type=click.Path(path_type=Path), metavar="RECIPE|MODEL_FOLDER")
@click.option("--adapter", type=click.Path(path_type=Path), metavar="DIR", help="A LoRA adapter, as PEFT writes it.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Where the builds go. [default: NAME-gguf]")
@click.option("--name", metavar="NAME", help="Name of the builds. [default: that of the model folder]")
@click.option(
    "--quantize", multiple=True, metavar="TYPES", help="Types with commas between, or all. [default: Q8_0,Q4_K_M]"
)
@click.option(
    "--imatrix",
    type=click.Choice(["none", "needed", "domain", "both"]),
    help="For which types an importance matrix is made, from medical text. [default: needed with all, else none]",
)
@click.option(
    "--trained-on",
    type=click.Choice(["16-bit", "nf4", "fp8"]),
    help="How the base was held while the adapter was trained. [default: what training.json beside it says, else "
    "16-bit]",
)
@click.option(
    "--fidelity-rows",
    type=click.IntRange(0),
    help="Chats of general text on which each build is compared with F16; 0 measures nothing. [default: as in recipes]",
)
@click.option("--dry-run", is_flag=True, help="Say what would be made of the model folder, and make nothing.")
@click.option("--again", is_flag=True, help="Run the recipe's export even when it is fresh.")
@set_option
@runs_option
@click.pass_context
def export(  # noqa: PLR0917 (click gives one argument an option)
    context: click.Context,
    target: Path,
    adapter: Path | None,
    out: Path | None,
    name: str | None,
    quantize: tuple[str, ...],
    imatrix: str | None,
    trained_on: str | None,
    fidelity_rows: int | None,
    dry_run: bool,
    again: bool,
    overrides: tuple[str, ...],
    runs_folder: Path,
) -> None:
    """Merge an adapter and write GGUF files, one per quantization.

    Of a RECIPE: its run's export; stages that it needs run first. Of a MODEL_FOLDER (config.json, safetensors,
    tokenizer): alone, with --adapter or without one. What lies finished in the target folder is kept; a killed export
    goes on where it stopped. At the end each build stands beside F16: how far its predictions on chats of general
    medical text are from F16's. Figures on text of your own need a recipe with held-out rows.
    """
    folder = target.is_dir()
    _refuse(context, _OF_A_RECIPE if folder else _OF_A_FOLDER, "a recipe" if folder else "a model folder")
    if not folder:
        from medtune.cli.stage_verbs import run_stage

        run_stage("export", target, again, overrides, runs_folder)
        return
    from medtune.export.alone import Order, export_folder, plan_folder
    from medtune.export.overview import overview, table
    from medtune.llamacpp.toolchain import find

    name = _checked_name(name or target.resolve().name, given=name is not None)
    order = Order(
        model=target,
        adapter=adapter,
        out=out or Path(f"{name}-gguf"),
        name=name,
        planned=_planned(quantize, imatrix),
        storage=trained_on,  # type: ignore[arg-type]  # click checked the choice
        calibration_tokens=_section({}).calibration_tokens,
        fidelity_rows=_section({}).fidelity_rows if fidelity_rows is None else fidelity_rows,
    )
    if dry_run:
        for line in plan_folder(order):
            click.echo(line)
        return
    done = export_folder(order, find())
    for build in done.builds:
        for warning in build.warnings:
            click.echo(f"note: {build.name}: {warning}")
    for warning in done.warnings:
        click.echo(f"note: {warning}")
    for line in table(overview(order.out, done.builds)):
        click.echo(line)
    click.echo(f"in {order.out}; the first: {done.builds[0].file}")


def _refuse(context: click.Context, options: tuple[str, ...], belongs_to: str) -> None:
    """An option of the other kind of target would be ignored silently: say so instead."""
    for option in context.command.params:
        given = context.get_parameter_source(option.name or "") == ParameterSource.COMMANDLINE
        if option.name in options and given:
            other = "a model folder" if belongs_to == "a recipe" else "a recipe"
            raise click.UsageError(f"{option.opts[0]} belongs to the export of {belongs_to}, and this is {other}")


def _checked_name(text: str, *, given: bool) -> str:
    from medtune.core.errors import UsageError

    allowed = all(char.isalnum() or char in "._-" for char in text) and text[:1].isalnum()
    if allowed:
        return text
    if given or not any(char.isalnum() for char in text):
        raise UsageError(
            f"{text!r} cannot be a name of files", next_step="use letters, digits, dot, dash and underscore in --name"
        )
    return "".join(char if char.isalnum() or char in "._-" else "-" for char in text).strip("-._")


def _planned(quantize: tuple[str, ...], imatrix: str | None) -> "tuple[PlannedBuild, ...]":
    from medtune.core.errors import RecipeError, UsageError
    from medtune.export.matrix import plan_builds
    from medtune.llamacpp.quantize import quant_type

    names = [word.strip() for text in quantize for word in text.split(",") if word.strip()]
    values: dict[str, object] = {"imatrix": imatrix}
    if names:
        every = [name for name in names if name.lower() == "all"]
        values["quantizations"] = "all" if every else [quant_type(name).name for name in names]
    try:
        return plan_builds(_section(values))
    except RecipeError as error:
        raise UsageError(
            error.what, next_step="add --imatrix needed (or domain, or both), or leave these types out"
        ) from None


def _section(values: dict[str, object]) -> "ExportSection":
    from pydantic import ValidationError

    from medtune.config.export import QUANTIZATIONS, ExportSection
    from medtune.core.errors import UsageError

    try:
        return ExportSection.model_validate(values)
    except ValidationError as error:
        raise UsageError(
            f"--quantize: {error.errors()[0]['msg']}", next_step=f"use types of {', '.join(QUANTIZATIONS)}, or all"
        ) from None
