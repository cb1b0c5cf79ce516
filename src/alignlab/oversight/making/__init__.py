"""What people are asked, made of what there is: a table with a model's answers, pairs, images."""

from alignlab.oversight.making.balance import Balanced, advice_strata, balanced_rows
from alignlab.oversight.making.cases import case_items
from alignlab.oversight.making.gold import read_gold
from alignlab.oversight.making.pairs import pair_items, read_pairs
from alignlab.oversight.making.pictures import image_media
from alignlab.oversight.making.predictions import Predicted, predicted_answers
from alignlab.oversight.making.worth import disagreement_of, worth_of

__all__ = [
    "Balanced",
    "Predicted",
    "advice_strata",
    "balanced_rows",
    "case_items",
    "disagreement_of",
    "image_media",
    "pair_items",
    "predicted_answers",
    "read_gold",
    "read_pairs",
    "worth_of",
]
