"""Run folders in; numbers, words, figures and one self-contained page out."""

from ganscope.report.columns import table
from ganscope.report.html import write_report
from ganscope.report.runs import RunRecord, load_record, load_records
from ganscope.report.summary import RecipeSummary, Spread, summarise
from ganscope.report.words import in_words

__all__ = [
    "RecipeSummary",
    "RunRecord",
    "Spread",
    "in_words",
    "load_record",
    "load_records",
    "summarise",
    "table",
    "write_report",
]
