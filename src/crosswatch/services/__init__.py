"""One module per thing that a user does. Pages, API and command line call only these."""
