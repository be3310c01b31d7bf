"""The colours of every figure: one for each recipe, ink for axes and anchors, greys behind them."""

INK, FAINT, RULE, GREY = "#1f2430", "#e6e8ec", "#c9ccd3", "#9aa0ab"
"""Text and anchors; grid lines; axes; what stands behind or beside the subject."""
PALETTE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#6A51A3",
    "#8C564B",
    "#7F7F7F",
    "#B2A600",
)
"""One colour per recipe wherever it appears; the first six are Okabe and Ito's, made for the colour-blind."""


def faded(colour: str, opacity: float) -> str:
    """Return the colour `#rrggbb` with an opacity.

    Example:
        >>> faded("#0072B2", 0.2)
        'rgba(0,114,178,0.2)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
