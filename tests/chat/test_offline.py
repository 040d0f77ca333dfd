import os
import subprocess
import sys

import huggingface_hub.constants as constants
import pytest

from medtune.chat import offline


def test_the_environment_and_the_library_are_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.delenv("DO_NOT_TRACK", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(RuntimeError, match="inside"), offline():
        assert os.environ["HF_HUB_OFFLINE"] == os.environ["DO_NOT_TRACK"] == "1"
        assert constants.HF_HUB_OFFLINE is True and constants.is_offline_mode()
        raise RuntimeError("inside")
    assert os.environ["HF_HUB_OFFLINE"] == "0" and "DO_NOT_TRACK" not in os.environ
    assert constants.HF_HUB_OFFLINE is False


def test_a_hub_that_is_first_imported_inside_may_be_used_afterwards() -> None:
    """It reads its environment once; what held inside the block must not hold for the rest of the process."""
    code = (
        "from medtune.chat.offline import offline\n"
        "with offline():\n    from huggingface_hub import constants\n    print(constants.HF_HUB_OFFLINE)\n"
        "print(constants.HF_HUB_OFFLINE)"
    )
    for value, after in (("0", "False"), ("1", "True")):
        environment = {**os.environ, "HF_HUB_OFFLINE": value}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        assert done.stdout.split() == ["True", after]
