"""Model libraries keep the console to themselves: bars off, developers' notes dropped, real warnings collected."""

import contextlib
import logging
import warnings
from collections.abc import Iterator

_LIBRARIES = ("transformers", "trl", "peft", "accelerate", "datasets", "huggingface_hub", "torch")
_MAX_CHARS = 300
_DEVELOPERS_ONLY = (FutureWarning, DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


@contextlib.contextmanager
def library_warnings() -> Iterator[list[str]]:
    """Yield a list that fills with what the libraries warn of inside the block, each message once.

    Notes on deprecated calls concern the libraries' developers and are dropped. Loggers, filters and progress bars are
    as before afterwards.
    """
    from transformers.utils import logging as hf_logging

    found: list[str] = []
    collector = _Collector(found)
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    before = [(logger, logger.handlers[:], logger.propagate, logger.level) for logger in loggers]
    bars = hf_logging.is_progress_bar_enabled()
    for logger in loggers:
        logger.handlers, logger.propagate = [collector], False
        logger.setLevel(logging.WARNING)
    hf_logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            for category in _DEVELOPERS_ONLY:
                warnings.simplefilter("ignore", category)
            warnings.showwarning = lambda message, *_, **__: _keep(found, str(message))
            yield found
    finally:
        for logger, handlers, propagate, level in before:
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)
        if bars:
            hf_logging.enable_progress_bar()


class _Collector(logging.Handler):
    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        _keep(self._found, record.getMessage())


def _keep(found: list[str], message: str) -> None:
    text = " ".join(message.split())[:_MAX_CHARS]
    if text and text not in found:
        found.append(text)
