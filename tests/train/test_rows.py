import pytest
from trainrun import example

from medtune.chat import Encoded
from medtune.config.train import TrainSection
from medtune.core.errors import DataError
from medtune.train.rows import encode_rows, figures, require_a_batch
from medtune.train.settings import total_steps

STOP = frozenset((9,))


def encoder(*rows: Encoded):  # type: ignore[no-untyped-def]
    """Give the rows one after another, whatever the messages are."""
    given = iter(rows)
    return lambda _messages: (next(given),)


GOOD = Encoded((1, 2, 9, 4), (False, True, True, False))


def test_figures_count_what_is_predicted() -> None:
    rows = encode_rows([example(0), example(1)], encoder(GOOD, Encoded((1, 9), (True, True))), STOP, 4)
    found = figures(rows)
    assert (found.rows, found.total, found.trained, found.share) == (2, 6, 3, 0.5)


def test_a_chat_of_several_rows_trains_them_all() -> None:
    """Qwen3 and Mistral write an earlier answer otherwise when the chat goes on: each answer is a row of its own."""
    rows = encode_rows([example(0), example(1)], lambda _messages: (GOOD, Encoded((1, 9), (True, True))), STOP, 4)
    assert [row.id for row in rows] == ["row-0 answer 1", "row-0 answer 2", "row-1 answer 1", "row-1 answer 2"]
    assert figures(rows).rows == 4 and rows[1].input_ids == (1, 9)
    with pytest.raises(DataError) as raised:
        encode_rows([example(7)], lambda _messages: (GOOD, Encoded((1,) * 8 + (9,), (True,) * 9)), STOP, 4)
    assert raised.value.where == "row-7 answer 2 (9 tokens)"


def test_long_rows_are_refused_with_their_ids_and_the_way_out() -> None:
    long = Encoded((1,) * 80 + (9,), (True,) * 81)
    with pytest.raises(DataError, match=r"1 rows are longer than train\.max_seq_length = 64") as raised:
        encode_rows([example(0), example(7)], encoder(GOOD, long), STOP, 64)
    assert raised.value.where == "row-7 (81 tokens)"
    assert "set train.max_seq_length to 81" in raised.value.next_step


def test_only_the_first_ids_are_named() -> None:
    long = Encoded((9,) * 70, (True,) * 70)
    with pytest.raises(DataError) as raised:
        encode_rows([example(n) for n in range(30)], encoder(*[long] * 30), STOP, 64)
    assert str(raised.value.where).endswith("and 20 more") and "medical term" not in str(raised.value)


def test_a_row_that_trains_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="would train nothing") as raised:
        encode_rows([example(3)], encoder(Encoded((1, 2), (False, False))), STOP, 64)
    assert raised.value.where == "row-3"


def test_a_row_must_train_its_end_of_turn() -> None:
    with pytest.raises(DataError, match="end-of-turn"):
        encode_rows([example(3)], encoder(Encoded((1, 2, 9), (False, True, False))), STOP, 64)


def test_too_few_rows_for_one_batch() -> None:
    rows = encode_rows([example(0)] * 3, encoder(GOOD, GOOD, GOOD), STOP, 64)
    require_a_batch(rows, 3, "train.jsonl")
    with pytest.raises(DataError, match="3 training rows do not fill one batch of 4"):
        require_a_batch(rows, 4, "train.jsonl")


@pytest.mark.parametrize(
    ("rows", "values", "steps"),
    [
        (100, {"max_steps": 7}, 7),
        (100, {}, 13),
        (100, {"num_epochs": 2.0}, 26),
        (100, {"num_epochs": 0.5}, 7),
        (100, {"gradient_accumulation_steps": 4}, 4),
        (8, {"num_epochs": 0.01}, 1),
    ],
)
def test_optimiser_steps(rows: int, values: dict[str, object], steps: int) -> None:
    assert total_steps(TrainSection.model_validate(values), rows) == steps
