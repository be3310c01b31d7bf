"""Run folders in; numbers, words, figures and one self-contained page out."""

from ganscope.folder.records import RunRecord, load_record, load_records
from ganscope.report.columns import table
from ganscope.report.damages import damages_of
from ganscope.report.html import write_report
from ganscope.report.ranking import best_first, point_columns, point_sentences
from ganscope.report.summary import RecipeSummary, summarise
from ganscope.report.two_sentences import in_words
from ganscope.words.spread import Spread

__all__ = [
    "RecipeSummary",
    "RunRecord",
    "Spread",
    "best_first",
    "damages_of",
    "in_words",
    "load_record",
    "load_records",
    "point_columns",
    "point_sentences",
    "summarise",
    "table",
    "write_report",
]
