"""Training neural networks: which optimum, and in which direction."""
