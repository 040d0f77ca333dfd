"""Names of medicines, organisms and diagnoses in clinical text, by lists and by how such words end.

A recogniser of this kind misses names and takes some words for names. Both cost little here: a name that an answer and
its source share is no finding, whatever it is.
"""

import re
from functools import cache
from pathlib import Path

from medtune.core.io import read_text

_WORD = re.compile(r"[a-z][a-z'-]{2,}[a-z]")
_ENDINGS = re.compile(
    r"(?:[a-z]{2,}(?:pril|sartan|olol|statin|conazole|prazole|nidazole|cillin|mycin|micin|floxacin|cycline|zumab|ximab"
    r"|tinib|ciclib|gliptin|gliflozin|glutide|glitazone|glinide|dipine|parin|xaban|setron|triptan|ciclovir|buvir|tegravir"
    r"|azepam|zolam|oxetine|caine|semide|thiazide|profen|coxib|methasone|solone|olone|lukast|terol|tropium|formin|rubicin"
    r"|platin|taxel|dronate|penem|barbital|tidine|fibrate|zosin|afil|peridone|apine)"
    r"|(?:cef|ceph|sulfa)[a-z]{4,})"
)
_NO_DRUGS = frozenset({
    "april", "cystatin", "cephalic", "cephalad", "cephalalgia", "cephalohematoma", "somatostatin", "cefoperidone",
})  # fmt: skip
"""Words with such an ending that are no medicines."""
_NO_LETTER = r"(?<![^\W\u3400-\u9fff\uf900-\ufaff])"
"""Chinese writes names without a space before them."""
_DOSED = re.compile(
    rf"{_NO_LETTER}(?<![/-])(?P<word>[a-z][a-z-]{{3,}})\s+\d+(?:[.,]\d+)?\s?(?:mg|mcg|μg|ug|micrograms?|milligrams?|grams?|g|units?|iu|meq)"
    r"(?![a-z/%])"
)
_EPITHETS = (
    "aeruginosa|agalactiae|albicans|anginosus|aureus|baumannii|bovis|catarrhalis|cloacae|coli|difficile|enterica"
    "|epidermidis|faecalis|faecium|falciparum|fragilis|fumigatus|gallolyticus|glabrata|gonorrhoeae|haemolyticus|hominis"
    "|influenzae|jejuni|lugdunensis|maltophilia|marcescens|meningitidis|mirabilis|mitis|monocytogenes|oxytoca"
    "|perfringens|pneumoniae|pneumophila|pylori|pyogenes|saprophyticus|trachomatis|tuberculosis|typhi|viridans|vivax"
)
"""Second words of organisms' names: they tell one species from another."""
_SPECIES = re.compile(rf"{_NO_LETTER}(?<!\.)[a-z]\.\s?(?:{_EPITHETS})(?![a-z])")
_SECOND = re.compile(rf"\s(?:{_EPITHETS})(?![a-z])")
_DISEASE_ENDING = re.compile(
    r"[a-z]{3,}(?:itis|osis|aemia|emia|oma|pathy|plegia|uria|algia|megaly|penia|ectasis|rrhage|rrh(?:o)?ea|stenosis|phagia"
    r"|pnea|pnoea|cardia|thorax|edema|oedema)"
)
_STEM = re.compile(r"(?:ies|es|s)$")


@cache
def listed(name: str) -> frozenset[str]:
    """The words of one of the lists beside this file; lines that begin with # are comments."""
    lines = read_text(Path(__file__).with_name(f"{name}.txt")).splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def is_drug(word: str) -> bool:
    """Is a folded word a medicine's name by the list or by its ending?"""
    if word in listed("drugs"):
        return True
    return word not in _NO_DRUGS and _ENDINGS.fullmatch(word) is not None


def drugs_in(folded: str) -> dict[int, str]:
    """Medicines in a folded text by their place: listed, with a medicine's ending, or right before a dose."""
    found = {match.start(): match.group() for match in _WORD.finditer(folded) if is_drug(match.group())}
    for match in _DOSED.finditer(folded):
        if match["word"] not in listed("not_dosed") and not match["word"].endswith(("ed", "es", "ing", "ly")):
            found.setdefault(match.start("word"), match["word"])
    return dict(sorted(found.items()))


def organisms_in(folded: str) -> dict[int, str]:
    """Organisms in a folded text by their place: a genus with its species if that is named, `e. coli`, or `mrsa`."""
    found = {}
    for match in _WORD.finditer(folded):
        if match.group() in listed("organisms"):
            second = _SECOND.match(folded, match.end())
            found[match.start()] = match.group() + (second.group() if second else "")
    for match in _SPECIES.finditer(folded):
        found[match.start()] = match.group()
    return dict(sorted(found.items()))


def diagnoses_in(folded: str) -> dict[int, str]:
    """Words that name a disease, an injury or a finding in a folded text, by their place."""
    found = {}
    for match in _WORD.finditer(folded):
        word = match.group()
        known = word in listed("diseases") or _STEM.sub("", word) in listed("diseases")
        if known or (word not in listed("no_diseases") and _DISEASE_ENDING.fullmatch(word)):
            found[match.start()] = word
    return found
