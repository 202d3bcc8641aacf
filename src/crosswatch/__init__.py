"""CrossWatch keeps what people watch, want to watch and think of it the same in every service."""

__version__ = "0.1.0"
