"""One module per command of the command line, each with `register(app)`."""
