"""What is exactly true: small exact solvers, named by their mathematics."""
