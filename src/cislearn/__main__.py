"""``python -m cislearn``: the command line, where it is started by an interpreter rather than by its name."""

from cislearn.cli.main import main

if __name__ == "__main__":
    main()
