"""The HTTP API: a module per area, each with a ``router``; all of them call services and nothing else."""
