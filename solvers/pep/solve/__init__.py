"""Programs: a problem as arrays, and its numerical answer with multipliers. Nothing is proved here."""
