"""Train src/medtune/data/phi/names.crfsuite from generated text: python scripts/phi_model.py (a minute, one core).

Sentences come from a small grammar of our own with names, places and firms from the shipped lists; sentences of the
bundled MedQuAD stand for prose without names. A third of the listed names are shown to the model as unlisted, so that
it learns what surrounds a name and not only what a list says. The same lists and seed give the same model.
"""

import argparse
import dataclasses
import random
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

from medtune.collect.sources.medquad_xml import parse_document
from medtune.core.text import sentences
from medtune.detect.phi import sequence
from medtune.detect.phi.lists import Lists, load_lists, strip_accents
from medtune.detect.phi.sequence import MODEL, features, tokens

TARGET = Path(__file__).parents[1] / "src" / "medtune" / "data" / "phi" / MODEL
SEED, GENERATED, PROSE, UNLISTED = 7, 36_000, 22_000, 0.35


def bank(words: str, between: str | None = None) -> list[str]:
    """A list, written as a line."""
    return words.split(between)


VERBS = bank(
    "said called visited thanked asked met helped saw texted phoned married taught examined greeted "
    "followed joined "
    "warned hugged replaced treated admired interviewed hired paid drove found invited recognised blamed"
)
ALONE = bank(
    "arrived|smiled|left early|works in {L}|was born in {L}|moved to {L}|lives in {L}|lives near "
    "{S}|lived at {S}|laughed|"
    "retired in {Y}|is a {J}|was a {J} at {O}|has two children|plays the cello|wants to travel to "
    "{L}|studied at {O}|"
    "spent the summer in {L}|spent {N} months at {O}|is on holiday|did not answer|fell ill|feels "
    "better|takes the bus|"
    "founded {O} in {Y}|joined {O}|grew up in {L}|will be late|wrote a book about {T}|sang {T}|"
    "agreed|shouted|whispered|"
    "reports chest pain|denies fever|complained of a cough|was admitted on {D}|was discharged home|"
    "needs a new inhaler",
    "|",
)
FRAMES = bank(
    "{P} {A}.|{P} {V} {P}.|{P} {V} {P} in {L}.|{P}, {G}, {A}.|{P}, the {J}, {A}.|According to {P}, it {B}.|"
    "I met {P} at {O}.|My {R} {P} {A}.|my {R}, {P}, {A}.|Please send it to {P}.|please tell {P} "
    "that I called|Dear {P},\n|"
    "Best wishes,\n{P}|Regards,\n{P}\n{J}|{P}\n{S}\n{L}|{P}\n{O}\n{S}|Name: {P}|Patient: {P}|"
    "Contact: {P}, {S}|From: {P}\n"
    "To: {P}|Invoice for {P}\n{S} {L}|Deliver to: {P}\n   {S}\n   {L}|Shipping address: {P}\n  {N} {S}\n  {L}|"
    "I would like to speak to {P}.|Is {P} there?|This is {P} speaking.|I am {P}|i am {P} and {B}|My name is {P}.|"
    'A film by {P}.|The painting by {P} {B}.|The book "{T}" by {P} {B}.|A song of {P} and {P} {B}.|'
    "This work by {P} {B}.|The former singer {P} {A}.|This track by ex-drummer {P} {B}.|{P}'s {R} "
    "{A}.|The {J} {P} {A}.|"
    '{P} and {P} {A}.|{P}, {P} and {P} {A}.|"It {B}," {V} {P}.|"Where is it?" asked {P}.|{P}: "It {B}."|'
    "Transfer the money to {P}.|Remove {P} from the list.|Add {P} to the account.|I want to name {P} as my heir.|"
    "Can you book a table for {P}?|The prize went to {P} of {O}.|{O} was founded by {P}.|{O}, led by {P}, {B}.|"
    "He became an assistant to {P} at {O}.|She was the deputy of {P}, and later joined {O} in {L}.|"
    "{P} worked at {O} as the secretary of {P}.|Ask {P} to call {P}.|{P} from {L} {A}.|{P} listed "
    "the best {T} of {Y}.|"
    "{P} ({N}) {A}.|{P} - {J}|{J}: {P}|cc {P}|Referred by {P}.|Seen with {R} {P}.|Reviewed by {P} on {D}.|"
    "A {N}-year-old, {P}, {A}.|We thank {P} and {P} for the data.|Did {P} call?|Tell me about {P}.|{P} {P} {A}.|"
    "{O} {B}.|I work at {O}.|{O} in {L} became {O} in {Y}.|{O}\n\n{S}\n{L}|We moved from {L} to {L}.|{L} {B}.|"
    "Meet me at {S}.|The shop on {S} {B}.|The corner of {S} and {S}.|I live in {L}.|I am in {L} for work.|"
    'The song "{T}" {B}.|{T} {B}.|The title {T} refers to {S} in {L}.|Who sang {T}?|Where: {L} Golf Club|'
    "When: {D}\nWhere: {L} Tennis Club|My card {N}{N}{N} {B}.|{M} disease {B}.|{M} syndrome {B}.|The {M} test {B}.|"
    "{M}'s disease {B}.|{O} {V} {O}.|{L}, {L} and {L} {B}.|Visit {L} in {Y}.|{W} {B}.|{W} {W} {B}.|"
    "The {W} {W} {B}.|"
    "i moved here from {L}|I work for {O}.|I used to work for {O}.|admitted to St. {P0}'s on {D}|pt "
    "w/ hx of {W0} and {W0}, rec. tx|{W}s on {W0} in {W0}|Validate this address: {S} {L}|Ship to "
    "{S}\n {L}|{O} and {O} {B}.",
    "|",
)
BITS = bank(
    "is fine|was lost|works well|is not what I want|was beautiful|was great|stops here|is too late|"
    "opened in {Y}|is rare|"
    "is mild",
    "|",
)
JOBS = bank(
    "nurse surgeon teacher driver pilot plumber baker lawyer painter engineer cashier porter singer editor farmer"
)
KIN = bank("mother father brother sister wife husband son daughter uncle aunt friend neighbour cousin boss colleague")
STREETS = bank("Street Road Avenue Lane Drive Way Court Square Mews Heights Gardens Hill Park Gate Ridge Mall Crossing")
FIRMS = bank(
    "Inc Inc. Ltd LLC Corp Corp. Group Partners Systems Labs Bank Media Insurance Energy Networks Global Capital"
)
SYLLABLES = bank(
    "ba be bo ca ce co da de do fa fi fo ga ge go ka ki la le lo ma me mi na ne no pa pe po ra re "
    "ri sa se so ta te ti va ve zo"
)


class Writer:
    """Fills the frames; a filled person is marked by the characters \\x01 and \\x02."""

    def __init__(self, lists: Lists, rng: random.Random) -> None:
        self.rng, self.lists = rng, lists
        plain = lists.words | lists.never
        self.given = sorted(name for name in lists.given - plain if name.isalpha())
        self.family = sorted(name for name in lists.family - plain if len(name) > 3)
        self.places = sorted(lists.places)
        self.words = sorted(word for word in lists.words if len(word) > 3 and word.isalpha())
        self.eponyms = sorted(lists.eponyms - plain)
        self.fill: dict[str, Callable[[], str]] = {
            "P": self.person, "L": self.place, "S": self.street, "O": self.firm, "T": self.title, "M": self.eponym,
            "W": self.capital, "W0": lambda: rng.choice(self.words),
            "P0": lambda: self._cap(rng.choice(self.given)), "A": lambda: self.text(rng.choice(ALONE)),
            "B": lambda: self.text(rng.choice(BITS)),
            "V": lambda: rng.choice(VERBS), "J": lambda: rng.choice(JOBS), "R": lambda: rng.choice(KIN),
            "G": lambda: f"aged {rng.randint(18, 90)}", "N": lambda: str(rng.randint(2, 9999)),
            "Y": lambda: str(rng.randint(1950, 2026)),
            "D": lambda: f"{rng.randint(1, 28)}/{rng.randint(1, 12)}/{rng.randint(1990, 2026)}",
        }  # fmt: skip

    def sentence(self) -> str:
        """One frame, filled; now and then without capitals."""
        text = self.text(self.rng.choice(FRAMES))
        draw = self.rng.random()
        return text.lower() if draw < 0.05 else text

    def text(self, frame: str) -> str:
        return re.sub(r"\{([A-Z]0?)\}", lambda match: self.fill[match[1]](), frame)

    def _cap(self, word: str) -> str:
        return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))

    def person(self) -> str:
        given, family = self._cap(self.rng.choice(self.given)), self._cap(self.rng.choice(self.family))
        if self.rng.random() < 0.12:
            family = self._cap(
                "".join(self.rng.choices(SYLLABLES, k=self.rng.randint(2, 4))) + self.rng.choice("nrskt")
            )
        initial = self.rng.choice("ABCDEFGHJKLMNPRSTVW") + self.rng.choice([".", ""])
        form = self.rng.choices(
            [f"{given} {family}", given, family, f"{given} {initial} {family}", f"{given} {initial[0]}.",
             f"{self.rng.choice(['Dr.', 'Mr.', 'Mrs.', 'Ms.', 'Dr', 'Prof.'])} {family}"],
            [40, 27, 12, 9, 5, 7],
        )[0]  # fmt: skip
        return f"\x01{form}\x02"

    def place(self) -> str:
        name = " ".join(self._cap(word) for word in self.rng.choice(self.places).split())
        if self.rng.random() < 0.3:
            name = self._cap(
                "".join(self.rng.choices(SYLLABLES, k=3)) + self.rng.choice(["ville", "by", "dorf", "heim", "ton", ""])
            )
        return name.upper() if self.rng.random() < 0.1 else name

    def street(self) -> str:
        name = self._cap(self.rng.choice(self.rng.choice([self.given, self.family, self.words])))
        kind, ending = self.rng.choice(STREETS), self.rng.choice(bank("gasse vej gatan straat strasse weg"))
        number = self.rng.randint(1, 999)
        forms = [f"{number} {name} {kind}", f"{name} {kind}", f"{name}{ending} {number}", f"Via {name} {number}"]
        return self.rng.choice([*forms, f"Rua {name} {number}", f"{name} {number}"])

    def firm(self) -> str:
        one, two, three = (self._cap(self.rng.choice(self.family)) for _ in range(3))
        word, other = (self._cap(self.rng.choice(self.words)) for _ in range(2))
        kind = self.rng.choice(FIRMS)
        brand = self._cap("".join(self.rng.choices(SYLLABLES, k=3)) + self.rng.choice(["", "x", "mind", "soft", "net"]))
        forms = [brand, brand, f"{one} {kind}", f"{word} {kind}", word + other.lower(), f"{word} {other}"]
        return self.rng.choice([*forms, f"{one}, {two} and {three}", f"{one}-{two}", f"{word} {one} {kind}"])

    def title(self) -> str:
        return " ".join(self._cap(self.rng.choice(self.words)) for _ in range(self.rng.randint(1, 4)))

    def eponym(self) -> str:
        return "-".join(
            self._cap(self.rng.choice(self.rng.choice([self.eponyms, self.family])))
            for _ in range(self.rng.choice([1, 1, 2]))
        )

    def capital(self) -> str:
        return self._cap(self.rng.choice(self.words))


def labelled(text: str) -> tuple[str, list[str]]:
    """The text without marks, and a label a token."""
    plain, spans, start = "", [], 0
    for char in text:
        if char == "\x01":
            start = len(plain)
        elif char == "\x02":
            spans.append((start, len(plain)))
        else:
            plain += char
    labels = []
    for word in tokens(plain):
        inside = next((span for span in spans if span[0] <= word.start < span[1]), None)
        labels.append("O" if inside is None else "B" if word.start == inside[0] else "I")
    return plain, labels


def hidden(lists: Lists, rng: random.Random) -> Lists:
    """The lists without a share of their names."""

    def some(names: frozenset[str]) -> frozenset[str]:
        kept = {strip_accents(name) for name in sorted(names) if rng.random() > UNLISTED}
        return frozenset(name for name in names if strip_accents(name) in kept)

    return dataclasses.replace(lists, given=some(lists.given), family=some(lists.family))


def prose(rng: random.Random) -> list[str]:
    """Sentences of the bundled MedQuAD."""
    archive = Path(__file__).parents[1] / "src" / "medtune" / "data" / "medquad" / "medquad.tar.xz"
    found: list[str] = []
    with tarfile.open(archive) as tar:
        for member in tar:
            handle = tar.extractfile(member) if member.name.endswith(".xml") else None
            if handle:
                for pair in parse_document(handle.read()).pairs:
                    found.extend(" ".join(one.split()) for one in sentences(pair.answer))
    drawn = rng.sample([one for one in found if 20 < len(one) < 400], PROSE)
    return [one.lower() if rng.random() < 0.1 else one for one in drawn]


def main() -> None:
    """Generate, train, write."""
    import pycrfsuite

    parser = argparse.ArgumentParser()
    parser.add_argument("--target", type=Path, default=TARGET)
    given = parser.parse_args()
    lists, rng = load_lists(), random.Random(SEED)
    writer = Writer(lists, rng)
    fewer = hidden(lists, rng)
    sequence.load_lists = lambda: fewer  # type: ignore[assignment]
    sequence._flags.cache_clear()
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c1": 1.0, "c2": 0.01, "max_iterations": 120, "feature.minfreq": 3})
    for _ in range(GENERATED):
        text, labels = labelled(writer.sentence())
        trainer.append(features(tokens(text)), labels)
    for text in prose(rng):
        trainer.append(features(tokens(text)), ["O"] * len(tokens(text)))
    trainer.train(str(given.target))
    print(given.target, given.target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
