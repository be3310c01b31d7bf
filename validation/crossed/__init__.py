"""Good and bad samples against what the diagnosis says, of runs that no fault was planted in."""
