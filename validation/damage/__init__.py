"""Random damages of run folders: which of them pass in silence."""
