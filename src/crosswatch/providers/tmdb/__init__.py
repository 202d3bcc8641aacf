"""TMDb: watchlist and ratings of an account, and how one connects."""
