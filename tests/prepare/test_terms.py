import pytest
from datarun import four_part_pairs

from medtune.prepare.convert import terms
from medtune.prepare.convert.inputs import ConvertInput
from medtune.prepare.convert.prose import Vocabulary
from medtune.prepare.draft import Rejections
from medtune.runs.records.collect import Record
from medtune.tasks import check_contract, load_task

TASK = load_task("terminology")


def records(topic: str, pairs: list[tuple[str, str]], document: str = "m/1") -> tuple[Record, ...]:
    return tuple(
        Record(
            id=f"{document}/{number}", source="m", kind="qa", topic=topic, document=document, question="?",
            answer=answer, question_type=kind, licence="CC BY 4.0",
        )
        for number, (kind, answer) in enumerate(pairs, start=1)
    )  # fmt: skip


def pairs(topic: str = "Pox", *without: str) -> list[tuple[str, str]]:
    return [(kind, answer) for kind, _, answer in four_part_pairs(topic) if kind not in without]


def assemble(rows: tuple[Record, ...], most: int = 2) -> terms.FourParts | None:
    return terms.assemble(rows, most, Vocabulary(row.answer for row in rows))


def test_each_part_comes_from_its_question_type() -> None:
    found = assemble(records("Pox", pairs()))
    assert found == terms.FourParts(
        term="Pox",
        definition="Pox is an invented disorder of the Pox gland in adults.",
        explanation="A shortage of Pox salts in water causes it.",
        relevance="People with Pox feel a mild itch of Pox fingers.",
        note="Nearly everybody with Pox is well after Pox weeks.",
        records=("m/1/1", "m/1/2", "m/1/3", "m/1/5"),
    )


def test_what_misses_is_taken_from_the_rest_of_information() -> None:
    rest = (
        "Pox is an invented disorder of the Pox gland in adults. The gland lies beside the left ear of a person. "
        "Water without salts leads to swollen glands."
    )
    found = assemble(records("Pox", [("information", rest), *pairs("Pox", "information", "causes", "symptoms")]))
    assert found is not None
    assert found.explanation == "Water without salts leads to swollen glands."
    assert found.relevance == "Treatment of Pox is rest and Pox tea at noon."


@pytest.mark.parametrize("missing", ["information", "outlook"])
def test_a_part_that_nothing_fills_gives_no_row(missing: str) -> None:
    without = (missing, "treatment") if missing == "outlook" else (missing,)
    assert assemble(records("Pox", pairs("Pox", *without))) is None


def test_frequency_and_inheritance_share_the_note() -> None:
    more = [
        ("inheritance", "This condition is inherited in an autosomal recessive pattern. Parents are carriers."),
        ("frequency", "Pox affects 1 in 5,000 newborns. It is more frequent on islands."),
    ]
    found = assemble(records("Pox", [*pairs("Pox", "outlook"), *more]))
    assert found is not None
    assert (
        found.note == "This condition is inherited in an autosomal recessive pattern. Pox affects 1 in 5,000 newborns."
    )
    single = assemble(records("Pox", [*pairs("Pox", "outlook"), *more]), most=1)
    assert single is not None
    assert single.note == "This condition is inherited in an autosomal recessive pattern."


def test_no_sentence_stands_in_two_parts() -> None:
    again = "Pox is an invented disorder of the Pox gland in adults."
    rows = [("information", again), ("causes", f"{again} Salts that are missing cause the illness in most adults.")]
    found = assemble(records("Pox", [*rows, *pairs("Pox", "information", "causes")]))
    assert found is not None
    assert found.explanation == "Salts that are missing cause the illness in most adults."


def test_sentences_per_part_is_the_most() -> None:
    long = " ".join(
        f"Pox sign number {word} is seen on the skin of adults." for word in ("one", "two", "three", "four")
    )
    rows = records(
        "Pox",
        [
            *pairs("Pox", "outlook"),
            ("outlook", "Nearly all recover fully. Scars stay rarely. Relapses hardly ever happen to people. " + long),
        ],
    )
    found = assemble(rows, most=2)
    assert found is not None
    assert found.note.count(".") == 2


@pytest.mark.parametrize(
    ("topic", "term"),
    [
        ("What I need to know about Cirrhosis", "Cirrhosis"),
        ("Parasites - Scabies", "Scabies"),
        ("Parasites - Lice - Head Lice", "Head Lice"),
        ("Parasites - Toxocariasis (also known as Roundworm Infection)", "Toxocariasis"),
        ("Acute myeloid leukemia", "Acute myeloid leukemia"),
        ("Parasites - ", "Parasites -"),
    ],
)
def test_the_term_of_a_title(topic: str, term: str) -> None:
    assert terms.term_of(topic).strip() == term


def test_drafts_keep_the_form_and_say_where_they_come_from() -> None:
    rejections = Rejections([])
    rows = (
        *records("What I need to know about Pox", pairs()),
        *records("Thin", pairs("Thin", "outlook", "treatment"), "m/2"),
    )
    given = ConvertInput(rows, TASK, frozenset({"m"}), 2)
    (draft,) = terms.convert(given, rejections)
    assert check_contract(TASK, draft.messages[-1].content, "stop").ok
    assert draft.messages[0].content == TASK.system
    assert draft.messages[1].content == TASK.prompt("Pox")
    assert draft.keys == ("document:m/1", "topic:pox", "topic:what i need to know about pox")
    assert draft.public
    assert [(row.id, row.step) for row in rejections.rows] == [("m/2", "terms")]
