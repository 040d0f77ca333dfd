"""What a `distill` source would ask, before anything is asked: prompts, tokens, where they go, what that costs."""

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from medtune.collect.distill.budget import estimated_tokens
from medtune.collect.distill.categories import categories_of
from medtune.collect.distill.prompts import pair_ask
from medtune.collect.distill.seeds import read_seeds
from medtune.collect.distill.setting import Setting, row_asks, setting_of
from medtune.collect.distill.words import Ask
from medtune.collect.source import Desk, SourceInput, SourceKind
from medtune.config.collect_distill import DistillSource
from medtune.core.net import Egress, is_loopback


@dataclass(frozen=True)
class Estimate:
    """Of a whole source, with one try a row."""

    prompts: int
    prompt_tokens: int
    answer_tokens: int
    """If every answer is as long as it may be."""
    known: int
    """First prompts whose answers lie in the ledger already."""
    left_out: int
    """Records that cannot be asked about."""


def plan_lines(
    seeds: Mapping[str, SourceKind], section: DistillSource, given: SourceInput, egress: Egress
) -> list[str]:
    """Where prompts would go, in words; nothing is read."""
    teacher = setting_of(section).teacher
    if section.from_ is not None:
        inner = section.from_
        what = f"the records of {inner.kind}" + (f" (at most {section.limit})" if section.limit else "")
        address = seeds[inner.kind].address(inner)
        what += f", fetched from {address}" if address else ""
    elif section.mode == "pairs":
        wanted = categories_of(section)
        what = f"{sum(category.quota for category in wanted)} pairs in {len(wanted)} categories"
    else:
        what = f"{len(section.topics[: section.limit])} topics"
    machine = "this machine" if is_loopback(teacher.host) else teacher.host
    allowed = "" if egress.allows(teacher.host) else f" (not allowed yet: add `{teacher.host}` to `egress:`)"
    return [
        f"{given.name}: have {teacher.model} on {machine}{allowed} write {section.mode} for {what}, "
        f"{section.concurrency} calls at once; prompts with identifiers of people are held back"
    ]


def estimate(
    seeds: Mapping[str, SourceKind], section: DistillSource, given: SourceInput, knows: Callable[[str], bool]
) -> Estimate | None:
    """Count the prompts; None when the records must be fetched first. Raises as reading them does.

    `knows` says whether the answer to a call, by its key, is there.
    """
    setting = setting_of(section)
    if section.from_ is None:
        return _count(setting, _without_seeds(setting, section, given.name), knows)
    if seeds[section.from_.kind].address(section.from_) is not None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(put=lambda _: None, raw=Path(folder))
        read = read_seeds(section.from_, given, desk, seeds)
        return _count(setting, row_asks(setting, given.name, section, read), knows)


def _without_seeds(setting: Setting, section: DistillSource, source: str) -> Iterator[Ask | tuple[str, str, str]]:
    if section.mode != "pairs":
        yield from row_asks(setting, source, section, None)
        return
    for category in categories_of(section):
        for number in range(category.quota):
            topic = category.topics[number] if number < len(category.topics) else "a topic of some words"
            yield pair_ask(
                setting.task,
                f"{source}/{number}",
                category=category.name,
                about=category.about,
                topic=topic,
                max_tokens=setting.max_tokens,
            )


def _count(setting: Setting, asks: Iterator[Ask | tuple[str, str, str]], knows: Callable[[str], bool]) -> Estimate:
    prompts = prompt_tokens = answer_tokens = known = left_out = 0
    seen: set[str] = set()
    for ask in asks:
        if isinstance(ask, tuple) or (setting.mode != "pairs" and ask.digest in seen):
            left_out += 1
            continue
        seen.add(ask.digest)
        messages = ask.messages()
        prompts += 1
        prompt_tokens += estimated_tokens(messages)
        answer_tokens += ask.max_tokens
        known += knows(setting.teacher.key_of(messages, ask.max_tokens, 0))
    return Estimate(prompts, prompt_tokens, answer_tokens, known, left_out)


def estimate_lines(found: Estimate | None, section: DistillSource) -> list[str]:
    """The estimate in words."""
    if found is None:
        return ["how many prompts: not known before their records are fetched"]
    setting = setting_of(section)
    lines = [f"prompts: {found.prompts:,}" + (f", {found.left_out:,} records left out" if found.left_out else "")]
    if found.known:
        lines.append(f"answers known already: {found.known:,} of the first prompts")
    if section.mode == "pairs" and any(not category.topics for category in categories_of(section)):
        lines.append("more prompts ask for topics")
    total = found.prompt_tokens + found.answer_tokens
    lines.append(
        f"tokens, one try each: about {found.prompt_tokens:,} of prompts, at most {found.answer_tokens:,} of answers; "
        f"with all {setting.max_tries} tries at most {total * setting.max_tries:,}"
    )
    if section.token_budget is not None:
        lines.append(
            f"token budget: {section.token_budget:,}" + (": it may end first" if total > section.token_budget else "")
        )
    if setting.price is not None:
        cost = setting.price.cost(found.prompt_tokens, found.answer_tokens)
        lines.append(
            f"cost, one try each: at most {_money(cost)} {setting.price.currency}; with all tries at most "
            f"{_money(cost * setting.max_tries)} {setting.price.currency}"
        )
    return lines


def _money(amount: float) -> str:
    """Never rounded down to nothing."""
    return f"{math.ceil(amount * 100) / 100:,.2f}"
