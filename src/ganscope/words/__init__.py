"""How things are said: complaints, lists, numbers."""
