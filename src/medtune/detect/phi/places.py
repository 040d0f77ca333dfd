"""Hospitals, streets and cities: by the words of their names, by lists, and by what one does there."""

import re
from collections.abc import Iterator

from medtune.detect.phi.found import Found
from medtune.detect.phi.lists import Lists, strip_accents

_CAP = r"(?:St\.|Mt\.|Ft\.|[A-Z][\w'’&-]*|\d{1,3}(?:st|nd|rd|th))"
_JOIN = r"(?:and|of|the|for|de|la|del|&|y|und)"
_RUN = rf"{_CAP}(?:\s+(?:{_JOIN}\s+){{0,2}}{_CAP}){{0,6}}"
_FACILITY = (
    r"Hospitals?|Hosp\.?|Clinics?|Infirmary|Hospice|Sanatorium|Polyclinic|Krankenhaus|Klinikum|H[ôo]pital|Ospedale|"
    r"(?:(?:Medical|Med\.?|Health|Healthcare|Cancer|Oncology|Heart|Surgical|Surgery|Trauma|"
    r"Rehab(?:ilitation)?|Wellness|"
    r"Dialysis|Imaging|Diagnostic|Care|Nursing|Community|Treatment|Memory|Pediatric|Childrens?|"
    r"Children's|Women's|Spine|"
    r"Eye|Urgent Care|Birth|Burn|Transplant|Specialty|Primary Care)\s+)+"
    r"(?:Cent(?:er|re)s?|Ctr\.?|Group|Associates|Institute|System|Services|Network|Facility|Home|"
    r"Campus|Practice|Office)|"
    r"Health(?:care)?(?:\s+Care)?|Med(?:ical)?\s+(?:Ctr|Center|Centre)|Medical Practice|Nursing Home|"
    r"Care Home|Surgery|"
    r"Med(?!\w)|General|Presbyterian|Memorial|Methodist|Medicine|Hospital Trust|NHS (?:Foundation )?Trust"
)
_NAMED = re.compile(rf"(?<![\w-])(?P<run>{_RUN})")
_ENDS_IN_FACILITY = re.compile(rf"(?:^|\s)(?:{_FACILITY})$")
_HAS_FACILITY = re.compile(rf"\s(?:{_FACILITY})(?=\s|$)")
_LOWER_FACILITY = re.compile(
    rf"(?<![\w-])(?P<v>{_CAP}(?:\s+{_CAP}){{0,3}}\s+(?:general\s+|medical\s+|health\s+|community\s+|"
    rf"urgent care\s+|cancer\s+)?"
    r"(?:hospital|clinic|office|center|centre|infirmary|hospice|nursing home|med ctr|campus|ward|"
    r"surgery|practice))\b"
    r"|\b(?:at|to|from|in|by)\s+(?:the\s+)?(?P<w>(?:county|city|community|university|veterans|va|"
    r"state|district|regional)\s+"
    r"(?:general\s+)?(?:hospital|clinic))\b|(?<![\w-])(?P<o>\d{1,3}(?:st|nd|rd|th)\s+(?:avenue|ave|"
    r"street|st)\b(?:\s+clinic)?)"
)
_FACILITY_WORDS = (
    "hospital", "clinic", "office", "center", "centre", "infirmary", "hospice", "nursing home", "med ctr", "campus",
    "ward", "surgery", "practice",
)  # fmt: skip
_ORDINAL = re.compile(r"\d(?:st|nd|rd|th)\s")
_TAIL = re.compile(
    rf"(?:,?\s+(?:in|at|of)\s+|,\s+)(?:{_CAP}(?:\s+{_CAP}){{0,3}})(?:,\s+(?:[A-Z]{{2}}\b|"
    rf"[A-Z][a-z]+(?:\s[A-Z][a-z]+)?))?"
)
_SAINT = re.compile(
    r"(?<![\w-])(?:St\.?|Saint|Sankt|Santa)\s+[A-Z][a-z]+(?:['’]s|s['’])(?!\s+(?:wort|fire|dance|disease|syndrome))"
)
_KNOWN = re.compile(
    r"(?<![\w-])(?:Johns? Hopkins(?: University)?|Mass(?:achusetts)?\.? General|Mayo(?: Clinic)|"
    r"Cleveland Clinic|Cedars?[- ]Sinai|"
    r"M\.?D\.? Anderson|Memorial Sloan[- ]Kettering|Sloan[- ]Kettering|Kaiser(?: Permanente)?|"
    r"Mount Sinai|Mt\.? Sinai|"
    r"NYU(?: Langone)?|UCSF|UCLA|UCSD|UPMC|MGH|BIDMC|MSKCC|NewYork-Presbyterian|"
    r"N(?:ew )?Y(?:ork)?[- ]Presb\w*|Brigham(?: and Women['’]s)?|"
    r"Beth Israel(?: Deaconess)?|Dana[- ]Farber|Barnes[- ]Jewish|Geisinger|Intermountain|"
    r"Sutter Health|Bellevue|Great Ormond Street|"
    r"Guy['’]s and St Thomas['’]?|Addenbrooke['’]s|Charité|BronxCare|Montefiore|Lenox Hill|"
    r"Cook County|Grady Memorial|Parkland|"
    r"Northwestern Memorial|Rush University|Stanford(?= (?:on|in|with|for|at|last|by|,|\())|"
    r"Vanderbilt|Emory)(?![\w-])"
)
_VERBS = (
    r"seen|treated|admitted|evaluated|followed(?:-up|\sup)?|reviewed|discharged|referred|transferred|"
    r"presented|presents|"
    r"visited|visits?|consulted|hospitali[sz]ed|diagnosed|assessed|surgery|appointment|appt|"
    r"follow-?\s?up|operated|living|"
    r"lives|resides?|residing|located|moved|works?|working|born|raised|staying|examined|managed|care|"
    r"monitored|underwent|"
    r"procedure|replacement|stay|recovering|rehab|therapy|checked in|enrolled|scheduled|patient|pt|"
    r"records?|notes?|labs?|clinic"
)
_DEPARTMENT = re.compile(
    r"(?:(?:general|vascular|cardiac|internal|plastic|infectious|palliative|respiratory|intensive|emergency)\s+)?"
    r"(?:\w+(?:ology|iatrics|iatry|paedics|pedics|surgery)|surgery|medicine|obstetrics|nutrition|diseases?|care)\b",
    re.I,
)
"""A department of any hospital is no place."""
_AT = re.compile(
    rf"\b(?:{_VERBS})\b(?:\s+\w+){{0,4}}?\s+(?P<p>at|to|from|in|near|by)\s+(?:(?:our|the|his|her)\s+)?"
    rf"(?P<v>{_RUN}(?:,\s+(?:[A-Z]{{2}}\b|{_CAP}))?)"
)
_VISIT = re.compile(rf"\b(?:visited|visiting|attended|attends|left)\s+(?:(?:our|the)\s+)?(?P<v>{_RUN})")
_NEW_SENTENCE = re.compile(r"\n\s*(?:Surgery|Medicine|General)$")
"""A line that begins with such a word goes on with a sentence; a name is seldom broken there."""
_DEPARTMENT = re.compile(r"(?<=General)\s(?:surgery|medicine)\b")
"""«General» begins the name of a department here, and ends none of a hospital."""
_NO_PLACE = re.compile(
    r"(?:ICU|ER|ED|OR|PACU|NICU|PICU|CCU|MICU|SICU|A&E|GP|PCP|OPD|ENT|MRI|CT|ECG|EKG|LTC|SNF|IV|DVT|"
    r"PE|US|USA|UK|EU|AM|PM|"
    r"Stage|Type|Phase|Grade|Class|Group|Step|Table|Figure|Section|Chapter|Level|Medicare|Medicaid|"
    r"African|Asian|Hispanic|"
    r"American|Americans|Caucasian|European|English|Spanish|French|German|Emergency|Intensive|"
    r"[A-Z][a-z]+ology|Orthopa?edics|Obstetrics|Paediatrics|Pediatrics|Geriatrics|Psychiatry|Rehabilitation|"
    r"(?:General|Internal|Vascular|Cardiac|Plastic|Infectious|Palliative)"
    r" (?:[Ss]urgery|[Mm]edicine|[Dd]iseases?|[Cc]are)|"
    r"Dr|Mr|Mrs|Ms|Prof|He|She|They|It|The|This|That|These|Those|I|We|Alzheimer\w*|"
    r"Parkinson\w*|Crohn\w*|NIH|FDA|CDC|"
    r"NIDDK|NCI|WHO|NHS|MRN|SSN|ID|DOB|United|Clinical|National|Institutes?|January|February|March|"
    r"April|May|June|July|August|"
    r"September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Monday|"
    r"Tuesday|Wednesday|Thursday|"
    r"Friday|Saturday|Sunday|COPD|HIV|AIDS|DNA|RNA|North|South|East|West|Europe|Asia|Africa|America|"
    r"Canada|Mexico|China|Japan|"
    r"India|Australia|Brazil|France|Germany|Italy|Spain|England|Scotland|Ireland|Wales|Russia|"
    r"Finland|Norway|Sweden|Turkey)(?![\w-])"
)
_GENERIC = re.compile(
    r"(?:the|a|an|our|your|their|this|that|in|at|if|when|some|many|most|all|your|clinical|national|"
    r"nih|cancer|heart|general|medical|"
    r"health|mental|public|world|centers?|institutes?|hospitals?|clinics?|united states|u\.s\.|us|"
    r"department|office|food and drug|"
    r"home|hospice|nursing|emergency|urgent|oral|women's|men's|internal|family|school of|sports|"
    r"nuclear|genetic|alternative|"
    r"complementary|chinese|traditional|of|and|for|environmental|human|child|children|maternal|s|"
    r"research|primary|surgery|"
    r"rehabilitation|intensive|global|behavioral|dental|eye|veterans|administration|human services|"
    r"affairs|regenerative|"
    r"integrative|veterinary|physical|occupational|palliative|precision|personalized|herbal|folk|"
    r"ayurvedic|other|these|such|"
    r"university|college|surgeon|attorney)"
)
_STREET = re.compile(
    r"(?<![\w.,-])(?:\d{1,6}[A-Z]?\s+(?:[NSEW]\.?\s+)?(?:[A-ZÀ-Ž\d][\w'’.-]*\s+){1,4}"
    r"(?:St(?:reet)?|Ave(?:nue)?|R(?:oa)?d|Bl(?:vd|v)|Boulevard|Dr(?:ive)?|L(?:a)?ne?|Court|Ct|"
    r"Pl(?:ace)?|Sq(?:uare)?|Way|Terrace|"
    r"Ter|Circle|Cir|Parkway|Pkwy|Hwy|Highway|Crescent|Close|Row|Mews|Trail|Loop|Gardens?|Alley|Plaza)\b\.?"
    r"|(?:[A-ZÀ-Ž][\w'’-]*\s+){1,3}(?:Street|Avenue|Road|Boulevard|Lane|Parkway|Crescent)\b"
    r"|(?:Rue|Avenue|Via|Viale|Calle|C/|Rua|Avenida|Avda\.?|Av\.?|Plaza|Piazza|Chemin|Boulevard|ul\.|ulica)\s+"
    r"(?:(?:de|del|della|dei|la|le|du|des|do|"
    r"da)\s+){0,2}[A-ZÀ-Ž][\w'’.-]*(?:\s+[A-ZÀ-Ž][\w'’.-]*){0,2},?\s+\d{1,5}\b"
    r"|[A-ZÀ-Ž]\w*(?:stra(?:ße|sse)|str\.|gasse|weg|platz|allee|vej|gata|gatan|vegen|veien|straat|"
    r"laan|tie|katu|braut|utca|ulice)\s+\d{1,4}[a-z]?\b"
    r"|P\.?\s?O\.?\s?Box\s+\d+)"
    r"(?:,?\s+(?:Apt|Apartment|Suite|Ste|Unit|Flat|Room|Rm)\.?\s*#?\w+)?"
)
_UNIT = re.compile(
    r"\b(?:Apt|Apartment|Suite|Ste|Unit|Flat)\b\.?\s*#?\d+\w?\b|\b(?:Ward|Room|Rm|Bed|"
    r"Bay)\.?\s+(?:#\s?)?[A-Z]?-?\d+[A-Z]?\b"
)
_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|"
    "MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY"
)
_STATE_NAMES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|"
    "Hawaii|Idaho|Illinois|Indiana|Iowa|"
    "Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|"
    "Montana|Nebraska|Nevada|"
    "New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|"
    "Pennsylvania|Rhode Island|"
    "South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming"
)
_CITY_STATE = re.compile(
    rf"(?<![\w-])(?P<city>{_CAP}(?:\s+{_CAP}){{0,3}}),\s+(?:(?:{_STATES})\b|"
    rf"(?:{_STATE_NAMES})\b)(?:,?\s+\d{{5}}(?:-\d{{4}})?\b)?"
)
_ZIP = re.compile(
    rf"\b(?:zip|zip ?code|postal code|postcode|post code|"
    rf"plz)\W{{0,3}}(?:is\s+)?(?P<v>[A-Z]{{0,2}}\d[\dA-Z -]{{2,7}}\d?[A-Z]{{0,2}})\b"
    rf"|\b(?:{_STATES})\s+(?P<w>\d{{5}}(?:-\d{{4}})?)\b|"
    rf"(?<![\w-])(?P<x>[A-Z]{{1,2}}\d[\dA-Z]?\s\d[A-Z]{{2}})\b"
    r"|\b(?:in|from|at|near|area)\s+(?P<y>\d{5}(?:-\d{4})?)(?=\s*(?:[,.;)?]|who|with|area|$))",
    re.I,
)
_FIVE = re.compile(r"\d{4}|[A-Z]\d|\d [A-Z\d]|\d-\d")
_ZIP_WORDS = ("zip", "postal code", "postcode", "post code", "plz")
_ZIP_FORMS = re.compile(r"\d{5}|[A-Za-z]\d[\dA-Za-z]?\s\d[A-Za-z]{2}")
_CAPITALISED = re.compile(r"[^\W\d_a-z](?<![^\W\d_].)(?<![^\W\d_]['’.-].)[^\W\d_]*(?:['’.-][^\W\d_]+)*")
"""Words that begin with no small letter; parts of a word behind a hyphen begin none."""
_CITY_CUE = re.compile(
    r"(?:\b(?:in|from|near|outside|around|to|at|of|visiting|leaving|downtown|greater|our|via|through|"
    r"toward|for)\s+|[,(:]\s*|^)$",
    re.I,
)


def places(text: str, lists: Lists) -> Iterator[Found]:
    """Facilities, streets, wards, postcodes, cities. Countries and states of the US alone may stand."""
    yield from _facilities(text, lists)
    for match in _STREET.finditer(text):
        tail = _TAIL.match(text, match.end())
        yield Found(match.start(), tail.end() if tail else match.end(), "place", 0.85)
    for regex, score in ((_UNIT, 0.7), (_SAINT, 0.75), (_KNOWN, 0.8)):
        for match in regex.finditer(text):
            yield Found(match.start(), match.end(), "place", score)
    for match in _ZIP.finditer(text) if _may_hold_zip(text) else ():
        group = match.lastgroup or "v"
        yield Found(*match.span(group), "place", 0.75)
    yield from _cities(text, lists)


def _facilities(text: str, lists: Lists) -> Iterator[Found]:
    for match in _NAMED.finditer(text):
        run = match["run"]
        start, end = match.span("run")
        hits = [hit for hit in _HAS_FACILITY.finditer(run) if not _NEW_SENTENCE.match(hit.group())]
        if hits:
            end = start + hits[-1].end()
            start += _leading(text[start:end])
            if _DEPARTMENT.match(text, end):
                continue
            head = re.split(rf"\s(?:{_FACILITY})$", text[start:end])[0]
            if end > start and not re.fullmatch(rf"(?:{_GENERIC.pattern}\W*)+", head.strip(), re.I):
                tail = _TAIL.match(text, end)
                yield Found(
                    start,
                    tail.end() if tail and not _NO_PLACE.match(tail.group().lstrip(", ").removeprefix("in ")) else end,
                    "place",
                    0.86,
                )
    for match in _LOWER_FACILITY.finditer(text) if _may_hold_facility(text) else ():
        group = match.lastgroup or "v"
        start, end = match.span(group)
        if group == "v":
            start = max(start, text.rfind("\n", start, end) + 1)
            start += _leading(text[start:end])
            if not re.match(r"[A-Z\d]", text[start:end]) or _NO_PLACE.match(text, start):
                continue
            if _DEPARTMENT.fullmatch(text[start:end]) or all(
                word in lists.words or word in lists.eponyms or word in lists.never
                for word in text[start:end].casefold().split()
            ):
                continue
        yield Found(start, end, "place", 0.72)
    for regex in (_AT, _VISIT):
        for match in regex.finditer(text):
            start, end = match.span("v")
            start += _leading(text[start:end])
            department = _DEPARTMENT.match(text, start)
            if department is not None and department.end() >= end:
                continue
            if start < end and not _NO_PLACE.match(text, start) and text[start].isupper() | text[start].isdigit():
                yield Found(start, end, "place", 0.6)


def _may_hold_facility(text: str) -> bool:
    """Whether a word stands in the text without which _LOWER_FACILITY finds nothing."""
    return any(word in text for word in _FACILITY_WORDS) or _ORDINAL.search(text) is not None


def _may_hold_zip(text: str) -> bool:
    """Whether something stands in the text without which _ZIP finds nothing (beyond ASCII its letters have doubles)."""
    if not _FIVE.search(text):
        return False
    if not text.isascii() or _ZIP_FORMS.search(text):
        return True
    small = text.lower()
    return any(word in small for word in _ZIP_WORDS)


def _leading(run: str) -> int:
    """Characters of words at a run's front that begin a sentence rather than a name."""
    match = re.match(r"(?:(?:The|A|An|At|In|From|To|Our|If|When|For|By|And|Of|Is|Are|Was|Does|Did|"
                     r"Can|Visit|See|Seen|Patient|Pt|Admitted|"
                     r"Contact|Call|Since|After|Before|Dr\.?)\s+)+", run)  # fmt: skip
    return match.end() if match else 0


def _cities(text: str, lists: Lists) -> Iterator[Found]:
    for match in _CITY_STATE.finditer(text):
        start = match.start() + _leading(match["city"])
        city = strip_accents(text[start : match.end("city")]).casefold()
        if city in lists.places or city.split()[-1] not in lists.words:
            yield Found(start, match.end(), "place", 0.8)
    words = [(m.start(), m.end(), m.group()) for m in _CAPITALISED.finditer(text) if text[m.start()].isupper()]
    index = 0
    while index < len(words):
        found: list[Found] = []
        index += _city_at(text, words, index, lists, found)
        yield from found


def _city_at(text: str, words: list[tuple[int, int, str]], index: int, lists: Lists, found: list[Found]) -> int:
    """Words passed: those of the longest listed city that begins here, else one."""
    for size in (4, 3, 2, 1):
        last = index + size - 1
        if last >= len(words) or words[last][1] - words[index][0] > 40:
            continue
        start, end = words[index][0], words[last][1]
        name = text[start:end]
        if " ".join(name.split()).count(" ") != size - 1 or strip_accents(name).casefold() not in lists.places:
            continue
        folded = name.casefold()
        cued = bool(_CITY_CUE.search(text[max(0, start - 14) : start]))
        person = size == 1 and (folded in lists.given or folded in lists.family)
        if _NO_PLACE.match(text, start) or folded in lists.eponyms:
            return 1
        if cued and not (person and not re.search(r"\b(?:in|from|near|at)\s+$", text[:start][-8:])):
            found.append(Found(start, end, "place", 0.65))
        elif not person and size > 1:
            found.append(Found(start, end, "place", 0.6))
        return size
    return 1
