"""`python -m akira`: the command line."""

from akira.cli import main

main()
