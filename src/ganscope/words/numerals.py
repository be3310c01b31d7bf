"""How a number is written, the same in the terminal, in sentences and on the page."""

from __future__ import annotations

import math

from ganscope.words.spread import Spread

NONE = "–"


def digits(value: float | None, figures: int = 3) -> str:
    """Write a number with three significant digits; a dash when there is none.

    Example:
        >>> [digits(v) for v in (3.14159, 0.00312345, 12345.0, 1.234e-7, 0.0, None)]
        ['3.14', '0.00312', '12,300', '1.23e-7', '0', '–']
    """
    if value is None or not math.isfinite(value):
        return NONE
    if value == 0:
        return "0"
    value = float(f"{value:.{figures - 1}e}")
    if not 1e-3 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.{figures - 1}e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:,.{_decimals(value, figures)}f}"


def plus_minus(values: Spread | None, unit: float = 1.0) -> str:
    """Write mean ± sample standard deviation; with one seed the mean alone, for it has no spread.

    Args:
        values: a number over seeds.
        unit: what it is multiplied by, 100 for per cent.

    Example:
        >>> plus_minus(Spread(3.14159, 0.0512, 3.1, 3.2, 3)), plus_minus(Spread(3.14159, None, 3.1, 3.1, 1))
        ('3.14 ± 0.05', '3.14')
    """
    if values is None:
        return NONE
    mean = values.mean * unit
    if values.sd is None:
        return digits(mean)
    sd = values.sd * unit if values.sd > 1e-9 * abs(values.mean) else 0.0
    if not (mean == 0 or 1e-3 <= abs(mean) < 1e6):
        return f"{digits(mean)} ± {digits(sd, 1)}"
    decimals = _decimals(mean, 3) if mean else 2
    if 0 < sd < 0.5 * 10**-decimals:  # the mean's digits would show a spread of 0, which it is not
        decimals = min(_decimals(sd, 1), decimals + 3)
    return f"{mean:,.{decimals}f} ± {sd:,.{decimals}f}"


def percent(values: Spread | None) -> str:
    """Write a share as mean ± standard deviation in per cent.

    Example:
        >>> percent(Spread(0.85, 0.07, 0.8, 0.9, 2)), percent(Spread(0.85, None, 0.85, 0.85, 1))
        ('85 ± 7 %', '85 %')
    """
    if values is None:
        return NONE
    return f"{100 * values.mean:.0f}" + ("" if values.sd is None else f" ± {100 * values.sd:.0f}") + " %"


def change(start: float | None, end: float | None, arrow: str = " → ") -> str:
    """Write where a number started and ended.

    Example:
        >>> change(0.5, 0.003)
        '0.500 → 0.00300'
    """
    return NONE if end is None else f"{digits(start)}{arrow}{digits(end)}"


def whole_range(values: Spread) -> str:
    """Write the range of a whole number over seeds."""
    return f"{values.low:.0f}" + ("" if values.low == values.high else f" to {values.high:.0f}")


def _decimals(value: float, figures: int) -> int:
    return max(0, figures - 1 - math.floor(math.log10(abs(value))))
