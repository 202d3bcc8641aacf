"""CrossWatch's own tracker: lists that are kept here, and nowhere else."""
