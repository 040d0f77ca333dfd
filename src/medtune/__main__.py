"""`python -m medtune`: the same as the command `medtune`."""

from medtune.cli.main import main

if __name__ == "__main__":
    main()
