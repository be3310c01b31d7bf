"""Run folders in; numbers, words, figures and one self-contained page out."""

from ganscope.report.columns import table
from ganscope.report.html import write_report
from ganscope.report.points import best_first, point_columns, point_sentences
from ganscope.report.runs import RunRecord, load_record, load_records
from ganscope.report.summary import RecipeSummary, Spread, summarise
from ganscope.report.words import in_words

__all__ = [
    "RecipeSummary",
    "RunRecord",
    "Spread",
    "best_first",
    "in_words",
    "load_record",
    "load_records",
    "point_columns",
    "point_sentences",
    "summarise",
    "table",
    "write_report",
]
