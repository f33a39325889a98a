"""The engine: checks and how they are judged, kept and run."""
