"""The command line: a module per area, imported when its command is used."""
