"""Pages whose numbers are put between marks, so that none is typed by hand."""

from __future__ import annotations


def filled(page: str, blocks: dict[str, str]) -> str:
    """Put each block between its two marks; everything else stays as it is.

    Example:
        >>> print(filled("a <!-- x -->old<!-- /x --> b", {"x": "new"}))
        a <!-- x -->
        <BLANKLINE>
        new
        <BLANKLINE>
        <!-- /x --> b
    """
    for name, text in blocks.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, _, rest = page.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"the page has no block {begin} ... {end}: add one to it")
        page = f"{before}{begin}\n\n{text}\n\n{end}{after}"
    return page
