"""What people said goes where it is learned from, and what is worth asking comes to them."""

from alignlab.oversight.loop.capacity import deferred_items, fill_queue
from alignlab.oversight.loop.corrections import CorrectedLabels, Relabelled, corrected_labels
from alignlab.oversight.loop.past_decisions import DecisionRecords, decision_records
from alignlab.oversight.loop.teaching import ReviewTeacher

__all__ = [
    "CorrectedLabels",
    "DecisionRecords",
    "Relabelled",
    "ReviewTeacher",
    "corrected_labels",
    "decision_records",
    "deferred_items",
    "fill_queue",
]
