"""What CrossWatch claims about speed, as programs that print it."""
