"""Tokens that may be spent, shared by all threads: what a call may cost at most is set aside before it is made."""

import threading
from dataclasses import dataclass, field

from medtune.llm.messages import Message, Reply

_CHARS_A_TOKEN = 3.0
"""Fewer than English needs (about four), so that an estimate is rather too high."""
_TURN_TOKENS = 8


def estimated_tokens(messages: list[Message]) -> int:
    """Prompt tokens of a conversation, without the teacher's tokenizer."""
    return sum(_TURN_TOKENS + round(len(message["content"]) / _CHARS_A_TOKEN) for message in messages)


class BudgetSpentError(Exception):
    """The next call could cost more than what is left."""


@dataclass
class Budget:
    """Counts what was used; `tokens` None has no limit."""

    tokens: int | None
    prompt: int = 0
    answer: int = 0
    calls: int = 0
    """Made in this sitting, failed ones among them."""
    cached: int = 0
    answered: int = 0
    """Answers, now or in an earlier sitting."""
    guessed: int = 0
    """Calls whose endpoint gave no counts: theirs are estimates."""
    spent: bool = False
    _aside: int = 0
    _turn: threading.Condition = field(default_factory=threading.Condition)

    def reserve(self, most: int) -> None:
        """Set `most` tokens aside; waits for running calls where only they stand in the way. Raises BudgetSpentError.

        What ledger lines cost counts, too: a budget is for the whole source, not for one sitting.
        """
        with self._turn:
            while self.tokens is not None and self.prompt + self.answer + self._aside + most > self.tokens:
                if self.spent or not self._aside:
                    self.spent = True
                    self._turn.notify_all()
                    raise BudgetSpentError
                self._turn.wait()
            self._aside += most

    def settle(self, most: int, messages: list[Message], reply: Reply | None) -> None:
        """Give back what was set aside and count what a call used; None: no answer came."""
        with self._turn:
            self._aside -= most
            self.calls += 1
            self._count(messages, reply)
            self._turn.notify_all()

    def count_cached(self, messages: list[Message], reply: Reply) -> None:
        """Count an answer that came from the ledger."""
        with self._turn:
            self.cached += 1
            self._count(messages, reply)

    def _count(self, messages: list[Message], reply: Reply | None) -> None:
        if reply is None:
            return
        self.answered += 1
        known = reply.prompt_tokens + reply.completion_tokens > 0
        self.guessed += not known
        self.prompt += reply.prompt_tokens if known else estimated_tokens(messages)
        self.answer += reply.completion_tokens if known else round(len(reply.text) / _CHARS_A_TOKEN)
