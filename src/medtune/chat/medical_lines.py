"""2,000 lines of medical text that tokenizers stumble over, the same on every machine: drugs, doses, units, scripts.

Made by counting through word lists of our own and the topics that come with medtune; no line is a statement about care.
"""

from dataclasses import dataclass
from importlib import resources

COUNT = 2000

_DRUGS = (
    "abacavir", "acetylcysteine", "aciclovir", "adalimumab", "alendronic acid", "allopurinol", "amiodarone",
    "amlodipine", "amoxicillin/clavulanic acid", "apixaban", "aripiprazole", "atorvastatin", "azathioprine",
    "azithromycin", "bevacizumab", "bisoprolol", "budesonide", "buprenorphine", "carbamazepine", "cefuroxime axetil",
    "ciclosporin", "ciprofloxacin", "clopidogrel", "colecalciferol", "dabigatran etexilate", "dapagliflozin",
    "dexamethasone", "diclofenac", "digoxin", "empagliflozin", "enoxaparin", "epinephrine", "erythropoietin",
    "escitalopram", "esomeprazole", "fentanyl", "ferrous sulfate", "fluticasone furoate", "furosemide", "gabapentin",
    "glyceryl trinitrate", "hydrochlorothiazide", "hydroxychloroquine", "ibuprofen", "insulin glargine",
    "ipratropium bromide", "isotretinoin", "ivermectin", "ketamine", "lamotrigine", "levetiracetam", "levothyroxine",
    "linezolid", "lisinopril", "lithium carbonate", "loperamide", "lorazepam", "losartan", "meropenem", "metformin",
    "methotrexate", "metoclopramide", "metronidazole", "mirtazapine", "mometasone", "morphine sulfate",
    "mycophenolate mofetil", "naloxone", "nitrofurantoin", "nivolumab", "norethisterone", "olanzapine", "ondansetron",
    "oxytocin", "pantoprazole", "paracetamol", "pembrolizumab", "phenprocoumon", "piperacillin/tazobactam",
    "prednisolone", "pregabalin", "quetiapine", "ramipril", "rifampicin", "rituximab", "rivaroxaban", "salbutamol",
    "semaglutide", "sertraline", "sitagliptin", "spironolactone", "sumatriptan", "tacrolimus", "tamsulosin",
    "tiotropium", "tocilizumab", "tramadol", "tranexamic acid", "trastuzumab", "ustekinumab", "valproic acid",
    "vancomycin", "venlafaxine", "warfarin", "zoledronic acid",
)  # fmt: skip
_UNITS = (
    "mg/kg/day", "µg/h", "μg/h", "mcg", "mmol/L", "mg/dL", "mL/min/1.73 m²", "IU", "×10⁹/L", "10^9/L", "ng/mL",
    "cmH₂O", "mmHg", "kPa", "°C", "%", "‰", "mEq/L", "U/kg", "L/min", "Gy", "mSv", "kcal/24 h", "pg·mL⁻¹", "Å", "Ω",
)  # fmt: skip
_ROUTES = ("p.o.", "i.v.", "s.c.", "i.m.", "PR", "sublingual", "inhaled", "via PEG")
_TIMES = ("q6h", "q.d.", "b.i.d.", "t.i.d.", "q8h PRN", "1-0-1-0", "every 4–6 hours", "nocte", "stat", "1× daily")
_GREEK = (
    "α-fetoprotein", "β-blocker", "γ-GT", "Δ-wave", "δ-aminolevulinic acid", "ε4 allele", "κ light chain",
    "λ light chain", "µ-opioid", "π–π", "σ = 1.2", "TNF-α", "IFN-γ", "χ² = 4.1", "Ω-3", "υγεία", "διαβήτης", "καρδιά",
)  # fmt: skip
_CHINESE = (
    "高血压", "糖尿病", "阿司匹林", "冠心病", "慢性阻塞性肺疾病", "过敏性鼻炎", "请咨询医生", "每日两次", "饭后服用",
    "心电图", "血红蛋白", "白细胞计数", "抗生素", "副作用", "妊娠期", "肝功能异常", "體溫", "藥物過敏", "頭痛", "急診",
)  # fmt: skip
_OTHER = (
    "Сахарный диабет 2-го типа", "артериальное давление", "مرض السكري", "ضغط الدم", "Müdigkeit & Übelkeit",
    "Händedesinfektion", "naïve T-Zellen", "Sjögren’s", "Ménière", "Guillain–Barré", "Charcot‑Marie‑Tooth",
    "当帰芍薬散", "두통", "मधुमेह", "โรคเบาหวาน", "dị ứng", "ağrı kesici", "zażółć", "🫀", "👩🏽‍⚕️", "①②③", "½ tablet",
    "ﬁbrosis",
    "e\u0301preuve", "SpO₂", "CO₂", "Na⁺/K⁺", "H₂O₂", "Ca²⁺", "\u00a0nbsp", "tab\there", "≥ 94 %", "5–10", "±2 SD", "→",
)  # fmt: skip


@dataclass(frozen=True)
class MedicalLine:
    """One line and what it is made of."""

    kind: str
    text: str


def medical_lines() -> tuple[MedicalLine, ...]:
    """The lines, always the same ones in the same order, no two alike."""
    topics = (resources.files("medtune") / "data" / "heldout_topics.txt").read_text(encoding="utf-8").split("\n")
    topics = [topic.strip() for topic in topics if topic.strip()]
    found: dict[str, str] = {}
    number = 0
    while len(found) < COUNT:
        kind, text = _line(number, topics)
        found.setdefault(text, kind)
        number += 1
    return tuple(MedicalLine(kind, text) for text, kind in found.items())


def _line(number: int, topics: list[str]) -> tuple[str, str]:
    """The line of a number: kinds take turns, and the lists are of such lengths that they rarely meet again."""
    drug, unit = _DRUGS[number * 7 % len(_DRUGS)], _UNITS[number % len(_UNITS)]
    second = _DRUGS[(number // 8 * 3 + number // 800) % len(_DRUGS)]
    route, time = _ROUTES[number // 8 % len(_ROUTES)], _TIMES[number // 3 % len(_TIMES)]
    greek, other_greek = _GREEK[number % len(_GREEK)], _GREEK[number * 5 % len(_GREEK)]
    chinese, other_chinese = _CHINESE[number // 4 % len(_CHINESE)], _CHINESE[number // 8 * 3 % len(_CHINESE)]
    other = _OTHER[number * 11 % len(_OTHER)]
    amount = _amount(number)
    lines = (
        ("drugs", f"{drug.capitalize()}, {second} + {drug.upper()}"),
        ("doses", f"{drug} {amount} {unit} {route} {time}, max. {number * 50:,} mg/24 h"),
        ("units", f"{amount}{unit} ({amount} {unit}) <{number / 7:.2f}> [{number % 90}–{number % 90 + 9}]"),
        ("greek", f"{greek} {amount} {unit}; {other_greek}"),
        ("chinese", f"{chinese}：{other_chinese}，{amount} {unit}。（{drug}）"),
        ("topics", f"What is {topics[number * 3 % len(topics)]}? **Note**: {number}."),
        ("scripts", f"{other} {amount}{unit} {_OTHER[(number * 3 + 1) % len(_OTHER)]}"),
        ("spaces", f"  - {drug}\t{amount}  {unit}   ({other})  "),
    )
    return lines[number % len(lines)]


def _amount(number: int) -> str:
    """A quantity as people write it."""
    whole, part = number * 37 % 1500, number * 13 % 100
    return (f"{whole}", f"{whole}.{part}", f"{whole},{part}", f"{whole:,}.{part:02d}", f"0.{part:03d}", f"{whole}½")[
        number % 6
    ]
