import logging
import warnings

import pytest
from transformers.utils import logging as hf_logging

from medtune.train.quiet import library_warnings


def test_warnings_are_collected_once_and_developers_notes_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    with library_warnings() as found:
        for _ in range(2):
            warnings.warn("the tensors do not fit", UserWarning, stacklevel=1)
            warnings.warn("renamed in v9", FutureWarning, stacklevel=1)
            logging.getLogger("transformers.trainer").warning("weights were\nnot used: %s", "x" * 400)
            logging.getLogger("trl").info("step 1")
    assert found[0] == "the tensors do not fit" and found[1].startswith("weights were not used: xxx")
    assert len(found) == 2 and len(found[1]) == 300
    assert capfd.readouterr() == ("", "")


def test_loggers_filters_and_bars_are_as_before() -> None:
    logger = logging.getLogger("transformers")
    before = (
        logger.handlers[:],
        logger.propagate,
        logger.level,
        warnings.filters[:],
        hf_logging.is_progress_bar_enabled(),
    )
    with pytest.raises(ValueError, match="inside"), library_warnings():
        assert not hf_logging.is_progress_bar_enabled()
        raise ValueError("inside")
    after = (
        logger.handlers[:],
        logger.propagate,
        logger.level,
        warnings.filters[:],
        hf_logging.is_progress_bar_enabled(),
    )
    assert after == before
