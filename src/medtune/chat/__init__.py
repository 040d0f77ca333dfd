"""How messages become text, token ids and a loss mask, and which base models can be used at all.

base = resolve_base(recipe.base, recipe.resolve)     # checked files, digest, family card; imports no torch
tokenizer = load_tokenizer(base.folder)              # the tokenizer's own chat template, nothing typed by hand
rows = tokenizer.encode_each(messages)               # ids, and which of them the loss is computed on
"""

from medtune.chat.base import BaseInfo, resolve_base
from medtune.chat.family import Family, find_family
from medtune.chat.offline import offline
from medtune.chat.template import ChatTokenizer, Encoded, load_tokenizer

__all__ = [
    "BaseInfo",
    "ChatTokenizer",
    "Encoded",
    "Family",
    "find_family",
    "load_tokenizer",
    "offline",
    "resolve_base",
]
