"""Claims on adaptive step sizes."""
