"""Findings made readable: a page, data, a model card, an evidence table, and what CI reads."""

from alignlab.report.card import model_card
from alignlab.report.evidence import clauses, evidence_table
from alignlab.report.junit import junit_xml
from alignlab.report.page import report_html
from alignlab.report.record import read_report, report_json
from alignlab.report.save import save_report

__all__ = [
    "clauses",
    "evidence_table",
    "junit_xml",
    "model_card",
    "read_report",
    "report_html",
    "report_json",
    "save_report",
]
