"""What happens: numeric experiments, and the checks that pair each claim with solvers and runs."""
