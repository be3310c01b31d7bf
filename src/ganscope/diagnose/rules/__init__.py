"""From the history of measurements to verdicts and remedies. No torch in here."""
