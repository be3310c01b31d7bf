"""Mixed tables: what recipes draw of them, beside what real rows score against real rows."""
