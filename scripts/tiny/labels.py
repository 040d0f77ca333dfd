"""Words for the structured rows: section labels by question type, and the ways of asking for a form.

The four headings of the form that fine-tuning teaches (see `corpus.FORBIDDEN_LABELS`) must not be among the labels.
"""

from __future__ import annotations

LABELS: dict[str, tuple[str, ...]] = {
    "information": (
        "Overview",
        "Summary",
        "About",
        "Background",
        "In Brief",
        "What It Is",
        "Description",
        "Main Facts",
    ),
    "symptoms": ("Symptoms", "Signs and Symptoms", "Signs", "What to Look For", "Clinical Features", "Common Signs"),
    "causes": ("Causes", "Cause", "Why It Happens", "Origin", "Root Cause"),
    "genetic changes": ("Genetics", "Genes Involved", "Genetic Basis", "Gene Changes", "Causes"),
    "treatment": ("Treatment", "Care", "Management", "Therapy", "Treatment Options", "How It Is Treated", "Next Steps"),
    "inheritance": ("Inheritance", "Family Risk", "Inheritance Pattern", "In the Family"),
    "frequency": ("Frequency", "How Common", "Prevalence", "Numbers", "Who Gets It"),
    "outlook": ("Outlook", "Prognosis", "Expected Course", "Looking Ahead"),
    "prevention": ("Prevention", "Lowering Risk", "Staying Well"),
    "research": ("Research", "Studies", "Current Research", "Open Questions"),
    "considerations": ("Living With It", "Diet and Lifestyle", "Considerations", "Practical Points"),
    "susceptibility": ("Risk Factors", "Who Is at Risk", "Risk"),
    "exams and tests": ("Diagnosis", "Tests", "Exams and Tests", "How It Is Found", "Clinical Tests"),
    "stages": ("Stages", "Stage by Stage"),
    "complications": ("Complications", "Possible Problems"),
}

# Labels that say nothing about the content: they teach that a label is copied from the request.
OPENING_LABELS = ("Meaning", "Topic", "Basics", "Introduction", "Short Answer", "Part One", "Facts", "Identity")
MIDDLE_LABELS = (
    "Details",
    "More",
    "Context",
    "Reasoning",
    "Interpretation",
    "Evidence",
    "Part Two",
    "Body",
    "Discussion",
)
CLOSING_LABELS = (
    "Key Point",
    "Bottom Line",
    "Takeaway",
    "Reminder",
    "Remark",
    "Advice",
    "Importance",
    "Practical Relevance",
    "Last Word",
    "Conclusion",
    "Caution",
)

ROLES = (
    "You are a medical assistant.",
    "You are a careful medical writer.",
    "You explain health topics to patients.",
    "You are a clinical reference assistant for nurses.",
    "You answer questions about diseases.",
    "You help students prepare for a medical exam.",
    "You are a health librarian.",
    "Answer health questions clearly.",
    "You are a helpful assistant.",
    "",
)

SECTION_REQUESTS = (
    "Answer with these sections in this order: {names}.",
    "Write exactly {count} sections: {names}.",
    "Structure every answer as {names}.",
    "Use the section titles {names}, in that order, and stop after the last one.",
    "Your answer has {count} parts: {names}. Keep each part to one or two sentences.",
    "Each answer must contain {names}. Put every title on a line of its own.",
    "Use this structure:\n{bullets}",
    "Always give the following parts, each under its own title:\n{numbers}",
)
MARK_HINTS: dict[str, tuple[str, ...]] = {
    "bold": (
        "Titles are bold.",
        "Write the titles in bold.",
        "Use bold titles.",
        "Use Markdown bold for the titles.",
        "",
    ),
    "heading": ("Titles are Markdown headings.", "Write the titles as ## headings.", "Use headings."),
    "inline": (
        "Start each part with a bold label and a colon.",
        "Put a bold label before each part.",
        "Use bold labels.",
    ),
}

TOPIC_QUESTIONS = (
    "What is {topic}?",
    "Tell me about {topic}.",
    "Explain {topic}.",
    "{topic}",
    "I want to know more about {topic}.",
    "Can you explain {topic} to me?",
    "Describe {topic}.",
    "Please give me an explanation of {topic}.",
    "What should I know about {topic}?",
    "Give a definition of {topic} and say why it matters.",
    "Definition of {topic}, please.",
    "What does the term {topic} mean?",
    "What is the clinical relevance of {topic}?",
    "Clinical facts on {topic}, please.",
    "Relevance of {topic} for the family doctor?",
    "Explanation of {topic} for a nurse, please.",
    "Note the main points on {topic}.",
    "Give me a short note about {topic}.",
)

PLAIN_SYSTEMS = (
    "Answer the question.",
    "Answer in plain words.",
    "Answer as completely as you can.",
    "Be precise.",
    "Use no formatting.",
    "Write plain text.",
    "",
    "",
)
SHORT_SYSTEMS: dict[int, tuple[str, ...]] = {
    1: ("Answer in one sentence.", "Give a one-sentence answer.", "Be very short: one sentence."),
    2: ("Answer in two sentences.", "Keep it to two sentences.", "Write two sentences, no more."),
    3: ("Answer in three sentences.", "Keep it short: three sentences.", "Write three sentences."),
}
TAG_PAIRS = (
    ("thinking", "answer"),
    ("think", "answer"),
    ("reasoning", "answer"),
    ("analysis", "final"),
    ("evidence", "answer"),
    ("context", "response"),
    ("quote", "conclusion"),
    ("summary", "details"),
    ("scratchpad", "result"),
    ("facts", "advice"),
)
