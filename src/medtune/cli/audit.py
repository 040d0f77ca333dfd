"""`medtune audit RECIPE`: the audit stage; `medtune audit --endpoint URL`: audit any running model."""

from pathlib import Path

import click

from medtune.cli.options import SettingCommand, example, runs_option, set_option


@click.command(
    cls=SettingCommand,
    epilog=example(
        "medtune audit recipes/quickstart.yaml",
        "medtune audit --endpoint http://localhost:11434/v1 --model llama3.2 --suite emergency --locale GB",
    ),
)
@click.argument("recipe", type=click.Path(path_type=Path), required=False)
@click.option("--again", is_flag=True, help="Run this stage even when it is fresh.")
@set_option
@click.option("--endpoint", metavar="URL", help="Address of an OpenAI-compatible server (Ollama, vLLM, llama-server).")
@click.option("--model", default="default", show_default=True, help="Name of the model at the endpoint.")
@click.option("--suite", "suites", multiple=True, metavar="NAME", help="Suite to ask; may be repeated. [default: all]")
@click.option("--locale", metavar="CC", help="Country of use (ISO 3166).")
@click.option("--system", default="", help="System prompt of the deployment.")
@click.option("--samples", type=click.IntRange(0, 100), default=5, show_default=True, help="Of each critical case.")
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.7, show_default=True, help="Of the samples.")
@click.option("--max-tokens", type=click.IntRange(16), default=512, show_default=True, help="Longest answer.")
@click.option("--parallel", type=click.IntRange(1, 64), default=1, show_default=True, help="Questions at a time.")
@click.option("--timeout", "timeout_s", type=float, default=300.0, show_default=True, help="Seconds for one answer.")
@click.option("--allow", "hosts", multiple=True, metavar="HOST", help="Network host that the questions may be sent to.")
@click.option("--name", default="", help="Name of the run directory. [default: endpoint-MODEL]")
@runs_option
def audit(
    *,
    recipe: Path | None,
    again: bool,
    overrides: tuple[str, ...],
    endpoint: str | None,
    model: str,
    suites: tuple[str, ...],
    locale: str | None,
    system: str,
    samples: int,
    temperature: float,
    max_tokens: int,
    parallel: int,
    timeout_s: float,
    hosts: tuple[str, ...],
    name: str,
    runs_folder: Path,
) -> None:
    """Grade the answers of a recipe's run and give every build its verdict.

    Stages that it needs run first if they are missing or stale; a fresh one is skipped. With --endpoint any
    running model is asked the suites and judged by the absolute rules alone, since there is no F16 parent to
    compare it with; the answers stay in a run directory of their own, and the same command goes on where a
    broken one stopped. A key for the endpoint is taken from MEDTUNE_API_KEY.
    """
    from medtune.core.errors import UsageError

    if (recipe is None) == (endpoint is None):
        raise UsageError(
            "name a recipe or an endpoint" if recipe is None else "name a recipe or an endpoint, not both",
            next_step="medtune audit RECIPE, or medtune audit --endpoint URL",
        )
    if recipe is not None:
        from medtune.cli.stage_verbs import run_stage

        run_stage("audit", recipe, again, overrides, runs_folder)
        return
    import os

    from medtune.pipeline.endpoint import EndpointRequest, audit_endpoint

    request = EndpointRequest(
        url=endpoint or "",
        model=model,
        suites=suites,
        locale=locale,
        system=system,
        samples=samples,
        temperature=temperature,
        max_tokens=max_tokens,
        parallel=parallel,
        timeout_s=timeout_s,
        hosts=hosts,
        api_key=os.environ.get("MEDTUNE_API_KEY"),
    )
    audit_endpoint(request, runs_folder, name)
