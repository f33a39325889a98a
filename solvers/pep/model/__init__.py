"""What is written down: vectors and values, classes, steps, and the problem that they make. Nothing is solved here."""
