from dataclasses import replace

import pytest

from medtune.ask.setting import Setting, choose_context, choose_servers, choose_threads
from medtune.core.errors import DataError
from medtune.llamacpp.toolchain import Toolchain
from medtune.llm.messages import Decoding


def test_small_files_get_one_thread_each_and_large_ones_all(toolchain: Toolchain) -> None:
    cpu, gpu = replace(toolchain, backend="cpu"), replace(toolchain, backend="cuda")
    assert choose_threads(20_000_000, cpu, None, 4) == 1
    assert choose_threads(4_000_000_000, cpu, None, 4) == 4
    assert choose_threads(20_000_000, gpu, None, 4) == 4
    assert choose_threads(20_000_000, cpu, 3, 4) == 3


def test_servers_side_by_side_fit_cores_memory_and_work(toolchain: Toolchain) -> None:
    cpu, gpu = replace(toolchain, backend="cpu"), replace(toolchain, backend="cuda")
    assert choose_servers(20_000_000, cpu, threads=1, cores=2, cases=220) == 2
    assert choose_servers(20_000_000, cpu, threads=2, cores=2, cases=220) == 1
    assert choose_servers(20_000_000, cpu, threads=4, cores=2, cases=220) == 1
    assert choose_servers(20_000_000, cpu, threads=1, cores=64, cases=220) == 8
    assert choose_servers(20_000_000, cpu, threads=1, cores=64, cases=9) == 1
    assert choose_servers(20_000_000, gpu, threads=1, cores=64, cases=220) == 1
    assert choose_servers(1 << 50, cpu, threads=1, cores=64, cases=220) == 1


def test_the_context_holds_the_longest_prompt_and_a_whole_answer() -> None:
    prompts = {"a": 100, "b": 300}
    assert choose_context(prompts, 320, None) == 768
    assert choose_context(prompts, 320, 2048) == 768
    assert choose_context(prompts, 320, 700) == 700
    with pytest.raises(DataError, match="the longest prompt has 300 tokens") as caught:
        choose_context(prompts, 320, 512)
    assert caught.value.where == "b" and caught.value.exit_code == 2


def test_the_key_changes_with_all_that_an_answer_depends_on(toolchain: Toolchain) -> None:
    setting = Setting(Decoding(max_tokens=100), context=512, threads=1, servers=2, timeout_s=60.0)
    key = setting.key("sha", toolchain)
    for other in (
        replace(setting, decoding=Decoding(max_tokens=101)),
        replace(setting, context=768),
        replace(setting, threads=2),
    ):
        assert other.key("sha", toolchain) != key
    assert setting.key("other", toolchain) != key
    assert setting.key("sha", replace(toolchain, digest="other")) != key
    assert replace(setting, servers=1, timeout_s=1.0).key("sha", toolchain) == key
