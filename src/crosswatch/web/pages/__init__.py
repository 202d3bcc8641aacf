"""What people see: a view per page, and the words around it."""
