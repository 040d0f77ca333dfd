"""Text that came damaged: wrong decodings, web markup, character references.

ftfy (Apache-2.0, 45 KB, needs wcwidth only, kept up for over ten years) undoes wrong decodings; its other repairs stay
off, since they would change quotation marks, ligatures and full-width letters that stand there rightly. Only text that
shows a sign of damage is touched, so that `<` and `>` of clinical text, units, doses and Greek letters stay.
"""

import html
import re

from medtune.core.html_text import html_text
from medtune.tasks.forms import is_encounter

_MARKUP = re.compile(
    r"</?(?:p|br|div|span|b|i|u|em|strong|sub|sup|ul|ol|li|a|h[1-6]|table|tbody|thead|tr|td|th|img|font|center|hr|"
    r"blockquote|pre|section|article|script|style|nav)(?:\s+[\w:-]+\s*=[^<>]*|\s*/?)>|<!--",
    re.IGNORECASE,
)
_CLOSED = re.compile(r"</\w+\s*>|<(?:br|hr|img|p|li)\b[^<>]*>|<!--", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_MOJIBAKE = re.compile(
    "[\u00c2-\u00f4\u0192\u0402-\u045f\u201a-\u2122][\u0080-\u00bf\u0152-\u2122]|\u00c3|\u00e2\u20ac"
)
_NOT_A_TAG = re.compile(r"<(?![/!]?[A-Za-z])|<(?=[A-Za-z]{1,3}\s*\d)")
_BOILERPLATE = re.compile(
    r"^\s*(?:skip to (?:main )?content|back to top|print this page|share (?:this )?(?:page|on \w+).{0,40}|"
    r"(?:©|\(c\)|copyright)\s.{0,120}all rights reserved\.?|all rights reserved\.?|"
    r"(?:this (?:web)?site|we) uses? cookies.{0,200}|accept (?:all )?cookies|cookie (?:policy|settings)|"
    r"(?:page )?last (?:reviewed|updated|modified)\s*:?.{0,60}|next review due\s*:?.{0,60}|"
    r"privacy policy|terms (?:of use|and conditions)|follow us on .{0,60}|advertisement|click here.{0,80}|"
    r"sign up (?:for|to) .{0,80}newsletter.{0,40}|subscribe to .{0,80})\s*$",
    re.IGNORECASE | re.MULTILINE,
)


def repair(text: str) -> str:
    """The text as its author wrote it, as far as that can be told; references of an encounter document are its form."""
    if not text.isascii() and _MOJIBAKE.search(text):
        text = _decoded(text)
    if is_encounter(text):
        return text
    if "<" in text and _MARKUP.search(text) and _CLOSED.search(text):
        text = html_text(_NOT_A_TAG.sub("&lt;", text))
    elif "&" in text:
        text = _REFERENCE.sub(lambda found: html.unescape(found.group()), text)
    return _BOILERPLATE.sub("", text)


def _decoded(text: str) -> str:
    import ftfy

    return str(ftfy.fix_encoding(text))
