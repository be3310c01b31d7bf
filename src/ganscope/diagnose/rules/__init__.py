"""From the history of measurements to verdicts and remedies: one verdict, one file. No torch in here."""
