import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.core.text import fold
from medtune.prepare.convert.prose import Vocabulary, clean_sentences, is_usable, says_the_same

KNOWN = Vocabulary(["inflammation or swelling of the skin the a an and which " * 20])


def kept(answer: str, topic: str = "pox") -> list[str]:
    return [sentence.text for sentence in clean_sentences(answer, topic, KNOWN)]


@pytest.mark.parametrize(
    "sentence",
    [
        "What are the signs and symptoms of Pox in adults?",
        "The Human Phenotype Ontology provides the following list of signs and symptoms for Pox.",
        "Signs and Symptoms Approximate number of patients (when available) Short neck 90%.",
        "You can use the MedlinePlus Medical Dictionary to look up the definitions for these medical terms.",
        "These resources address the diagnosis or management of Pox in all of its forms.",
        "The National Institute of Neurological Disorders and Stroke conducts research on Pox.",
        "The NINDS supports research on Pox and on other disorders of the nervous system.",
        "See also the Genetic Testing Registry for a list of the tests for Pox.",
        "Call the Pox line at 1-800-555-0199 to order a free copy of this report.",
        "Visit www.example.org to find support for people who live with Pox.",
        "We suggest that people with Pox talk with a genetic counselor.",
        "Symptoms of Pox may include the following:",
        "Symptoms of Pox include fever, headache and a rash on both hands",
        "and a rash on both hands, which fades within two or three days.",
        "Pox causes inflammationor swelling of the skin in many cases.",
        "Pox is difficult to prevent because the rash is diffi cult to see.",
        "Pox has three stages - early stage - middle stage - and late stage.",
        "Pox is a rash.It fades within two or three days in most adults.",
        "Pox is short.",
        "Pox is (an unbalanced bracket in the text of the page itself.",
        "Living With Pox Every Day Many",
        "Some UTIs Lead to Severe Problems Most UTIs are not serious.",
        "Changing daily habits may prevent Pox. - Wipe both hands after each meal.",
    ],
)
def test_what_is_no_sentence_about_the_matter_stays_out(sentence: str) -> None:
    assert kept(sentence) == []


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Symptoms Many people with Pox have no complaints.", "Many people with Pox have no complaints."),
        ("Pox Pox is an invented disorder of the skin.", "Pox is an invented disorder of the skin."),
        ("Symptoms of Rubella Rubella can start slowly in adults.", "Rubella can start slowly in adults."),
        ("Nearly one in ten adults develops Pox.1 ", "Nearly one in ten adults develops Pox."),
        ("Nearly one in ten adults develops a rash [3].", "Nearly one in ten adults develops a rash."),
        (
            "Pox (MPS I) is a disorder of type I that affects the skin.",
            "Pox (MPS I) is a disorder of type I that affects the skin.",
        ),
        (
            "Pox, also called skin fever, is a disorder of the skin.",
            "Pox, also called skin fever, is a disorder of the skin.",
        ),
    ],
)
def test_headings_and_footnotes_are_taken_off(raw: str, clean: str) -> None:
    assert kept(raw) == [clean]


def test_a_term_that_looks_like_a_heading_is_kept_whole() -> None:
    text = "Type A insulin pox is a rare disorder of the skin."
    assert kept(text, "type A insulin pox") == [text]


def test_list_items_and_headings_of_their_own_line_stay_out() -> None:
    answer = (
        "Key Points\n- Pox is a disorder in a list.\n- Pox is in a list again.\nOverview\n"
        "Pox is a disorder of the skin.\nSigns\nPox starts with a rash on both hands.   "
        "Outlook   Pox fades in a week or two."
    )
    assert kept(answer) == [
        "Pox is a disorder of the skin.",
        "Pox starts with a rash on both hands.",
        "Pox fades in a week or two.",
    ]


@pytest.mark.parametrize(
    ("sentence", "opens"),
    [
        ("It fades within two or three days in most adults.", False),
        ("However, the rash fades within two or three days.", False),
        ("These findings fade within two or three days.", False),
        ("Infants may also have a rash on both of their hands.", False),
        ("In some of these cases the rash fades within days.", False),
        ("This disorder fades within two or three days.", True),
        ("Hereditary pox is a disorder that affects the skin.", True),
        ("Ornithine pox is a disorder that affects the skin.", True),
        ("Pox, also known as skin fever, fades within days.", True),
        ("Both children and adults can develop this disorder.", True),
    ],
)
def test_what_can_open_a_part(sentence: str, opens: bool) -> None:
    (found,) = clean_sentences(sentence, "x", KNOWN)
    assert found.opens is opens


@given(st.text(max_size=400))
def test_what_is_kept_stood_there(answer: str) -> None:
    """Nothing is invented: each sentence is a piece of the answer, spaces and footnote marks aside."""
    flat = "".join(answer.split())
    for sentence in clean_sentences(answer, "pox", KNOWN):
        assert is_usable(sentence.text, fold("pox"))
        if "[" not in answer and not any(char.isdigit() for char in answer):
            assert "".join(sentence.text.split()) in flat


def test_saying_the_same() -> None:
    one = frozenset({"gallbladder", "cancer", "rare", "cells"})
    assert says_the_same(one, one | {"tissues"})
    assert not says_the_same(one, frozenset({"gallbladder", "bile", "stores", "made"}))
    assert not says_the_same(one, frozenset())
