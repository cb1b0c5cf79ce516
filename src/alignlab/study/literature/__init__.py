"""What others found: imported, each work once; screened by two; laid out by theme, with gaps."""

from alignlab.study.literature.agreeing import ScreeningAgreement, screening_agreement
from alignlab.study.literature.bibtex import as_bibtex
from alignlab.study.literature.browser import make_review, with_answers
from alignlab.study.literature.criteria import Criteria, read_criteria
from alignlab.study.literature.duplicates import merged
from alignlab.study.literature.importing import Imported, import_works, read_library, read_works
from alignlab.study.literature.matrix import Gaps, ThemeMatrix, theme_matrix
from alignlab.study.literature.priority import Order, screening_order
from alignlab.study.literature.recall import Recall, estimate_recall, recall_of
from alignlab.study.literature.screening import Decision, Screening, read_screening
from alignlab.study.literature.themes import Theme, read_themes
from alignlab.study.literature.works import Work

__all__ = [
    "Criteria",
    "Decision",
    "Gaps",
    "Imported",
    "Order",
    "Recall",
    "Screening",
    "ScreeningAgreement",
    "Theme",
    "ThemeMatrix",
    "Work",
    "as_bibtex",
    "estimate_recall",
    "import_works",
    "make_review",
    "merged",
    "read_criteria",
    "read_library",
    "read_screening",
    "read_themes",
    "read_works",
    "recall_of",
    "screening_agreement",
    "screening_order",
    "theme_matrix",
    "with_answers",
]
