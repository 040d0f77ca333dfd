import os

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
