"""Paper figures: compute() makes a dataset, draw() makes a figure from it alone."""
