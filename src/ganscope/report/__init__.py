"""Run folders in; numbers, words, figures and one self-contained page out."""

from ganscope.report.html import write_report
from ganscope.report.summary import (
    RecipeSummary,
    RunRecord,
    Spread,
    load_record,
    load_records,
    summarise,
)
from ganscope.report.words import in_words, table

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
