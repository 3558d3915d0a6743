"""Tells a plain thank-you, in the languages that are shipped, from a comment that wants something."""

from __future__ import annotations

import re

_MOST_WORDS = 16


def _words(text: str) -> frozenset[str]:
    return frozenset(text.casefold().split())


_THANKS = _words("thanks thank thx ty cheers danke dankeschön dank dankesehr bedanke merci")
# Words that may stand beside it without making it more than thanks. No negation, no "but", no "still", no "was".
_COURTESY = _words(
    "you so very much a lot many for your the quick fast swift great kind help support all again everybody everyone "
    "team it dear hi hello and perfect super awesome excellent wonderful best regards works now working fine fixed "
    "solved well done appreciated i we ok okay"
) | _words(
    "vielen herzlichen herzlich lieben tausend besten schönen schön sehr ihnen dir euch für die den das der eure "
    "deine ihre schnelle rasche prompte tolle gute hilfe unterstützung antwort lösung mich ich uns auch nochmal "
    "nochmals alle alles gut prima klasse toll spitze wunderbar bestens liebe lieber hallo und gruß grüße grüßen "
    "viele mit freundlichen beste mfg lg vg geht jetzt wieder funktioniert klappt läuft es hat geklappt"
)
_WORD = re.compile(r"[^\W_]+")
_QUESTION = re.compile("[?？؟]")


def is_thanks(text: str, *names: str) -> bool:
    """Whether `text` is thanks and nothing else; it may address, or be signed by, somebody of these `names`."""
    if _QUESTION.search(text):
        return False
    words = _WORD.findall(text.casefold())
    known = _COURTESY | {word for name in names for word in _WORD.findall(name.casefold())}
    thanks = sum(word in _THANKS for word in words)
    return bool(thanks) and len(words) <= _MOST_WORDS and all(word in known or word in _THANKS for word in words)
