"""`python -m weighin`: the command without its installed script."""

from weighin.cli import main

if __name__ == "__main__":
    main(prog_name="weighin")
