"""One decision in plain words: what it was, how sure, what counted, and how true that is."""

from alignlab.transparency.cards.card import CARD_VERSION, ExplanationCard, Reason
from alignlab.transparency.cards.deletion import Truth
from alignlab.transparency.cards.front import explain, explain_many
from alignlab.transparency.cards.page import card_parts, cards_html
from alignlab.transparency.cards.similar import Similar, distances

__all__ = [
    "CARD_VERSION",
    "ExplanationCard",
    "Reason",
    "Similar",
    "Truth",
    "card_parts",
    "cards_html",
    "distances",
    "explain",
    "explain_many",
]
