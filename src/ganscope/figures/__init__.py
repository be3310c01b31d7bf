"""One language of plots for reports, answers and live pages: axes, bands, anchors, palette."""
