"""The rules of readiness: what is worth saying of evidence that can be bound all the same, and how grave each is.

A manifest may change a rule's severity (``rules: {low-dpi: off}``), and a piece of evidence may waive one with a reason
(``waive: {outside-period: a plan of five years}``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["off", "info", "warning", "error"]
LEVELS: Final[tuple[Level, ...]] = ("off", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its severity where the manifest does not say, and what it asks."""

    level: Level
    says: str


RULES: Final[dict[str, Rule]] = {
    "outside-period": Rule("warning", "the date that the manifest gives evidence lies in the period"),
    "name-outside-period": Rule("info", "a date in a file's name lies in the period"),
    "made-outside-period": Rule("info", "a file's own properties say that it was made before the period's end"),
    "undated": Rule("off", "evidence has a date in the manifest"),
    "malformed-number": Rule("warning", "a 文号 is written as GB/T 9704-2012 7.2.5 has it: 云府发〔2023〕5号"),
    "repeated-number": Rule("warning", "one 文号 belongs to one title"),
    "same-file": Rule("warning", "the same bytes are bound once, and cited with `see` elsewhere"),
    "same-scan": Rule("warning", "nearly the same picture is not bound twice"),
    "low-dpi": Rule("warning", "a scan has 200 dots per inch or more"),
    "blank-page": Rule("warning", "no page of evidence is blank"),
    "no-text": Rule("off", "pages have text that can be searched and read aloud"),
    "draft-name": Rule("warning", "nothing calls itself a draft (草稿、征求意见稿、送审稿)"),
    "tracked-changes": Rule("warning", "Word files hold no tracked changes"),
    "score-over-points": Rule("warning", "nobody scores more than there is to be had"),
    "points-sum": Rule("warning", "points and scores of a section add up from those of its items"),
    "score-without-proof": Rule("warning", "points are claimed only where their proof is there"),
    "claim-not-found": Rule("warning", "the words that evidence is to prove stand in it"),
    "fact-differs": Rule("warning", "no two pieces of evidence give one figure differently"),
    "fact-misquoted": Rule("warning", "the book's own documents give facts the values that they are declared to have"),
    "frozen-late": Rule("info", "nothing came after the book was printed"),
    "frozen-grown": Rule("info", "nothing has more pages than were printed"),
    "frozen-replaced": Rule("info", "evidence that is printed comes from the files that it came from"),
    "frozen-shrunk": Rule("warning", "nothing has fewer pages than were printed"),
    "frozen-withdrawn": Rule("warning", "nothing that is printed was taken out"),
    "frozen-moved": Rule("warning", "evidence that is printed stands under the item that it was printed under"),
    "frozen-order": Rule("warning", "the manifest has the order of the printed book"),
    "unused-source": Rule("warning", "every file in the sources folder is named by an item"),
}
"""By code; ``check`` reports under these codes."""
