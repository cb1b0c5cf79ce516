"""The paper of a study: its author's text, the results' numbers, and what the folder tells."""

from alignlab.study.paper.building import Built, build_paper
from alignlab.study.paper.checklist import checklist_answers

__all__ = ["Built", "build_paper", "checklist_answers"]
