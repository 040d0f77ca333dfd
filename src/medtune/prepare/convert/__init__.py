"""The table of converters from records to drafts: a new one is one file and one line here.

`refusal` is not in it: its requests are crossed with the topics of the training split, so it runs after the split.
"""

from collections.abc import Callable

from medtune.prepare.convert import qa, terms
from medtune.prepare.convert.inputs import ConvertInput
from medtune.prepare.draft import Draft, Rejections

CONVERTERS: dict[str, Callable[[ConvertInput, Rejections], list[Draft]]] = {
    "qa": qa.convert,
    "terms": terms.convert,
}
