"""The colours of every figure: one for each recipe, ink for axes and anchors."""

INK, FAINT = "#1f2430", "#e6e8ec"
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
