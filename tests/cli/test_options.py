"""Several assignments after one --set, and what ends them."""

import click
import pytest
from click.testing import CliRunner

from medtune.cli.options import SettingCommand, recipe_argument, runs_option, set_option, spread_sets


@click.command(cls=SettingCommand)
@recipe_argument
@click.option("--dry-run", is_flag=True)
@set_option
@runs_option
def verb(recipe: str, dry_run: bool, overrides: tuple[str, ...], runs_folder: str) -> None:
    click.echo(repr((str(recipe), dry_run, overrides, str(runs_folder))))


WANTED = ("base=tiny", "train.method=lora", "collect.sources.0.limit=5")


@pytest.mark.parametrize(
    "words",
    [
        ["r.yaml", "--set", *WANTED],
        ["r.yaml", "--set", WANTED[0], "--set", WANTED[1], "--set", WANTED[2]],
        ["--set", *WANTED, "r.yaml"],
        ["r.yaml", f"--set={WANTED[0]}", *WANTED[1:]],
        ["--set", WANTED[0], "r.yaml", "--set", *WANTED[1:]],
    ],
)
def test_one_set_or_several_mean_the_same(words: list[str]) -> None:
    done = CliRunner().invoke(verb, [*words, "--dry-run"])
    assert done.output.strip() == repr(("r.yaml", True, WANTED, "runs"))


def test_an_option_ends_the_assignments() -> None:
    done = CliRunner().invoke(verb, ["r.yaml", "--set", "a=1", "--runs", "x", "b=2"])
    assert done.exit_code == 2 and "unexpected extra argument" in done.output.lower()


def test_values_hold_anything_and_a_model_may_be_named() -> None:
    words = ["--set", "a.b=[x, y=z]", "notes:train.max_steps=5", "c={d: 'e=f'}", "./g=h.yaml"]
    assert list(spread_sets(words)) == [*words[:2], "--set", words[2], "--set", words[3], words[4]]


def test_a_set_without_a_value_is_a_usage_error() -> None:
    done = CliRunner().invoke(verb, ["r.yaml", "--set"])
    assert done.exit_code == 2 and "--set" in done.output
