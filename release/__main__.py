"""`python -m release check`: one line for each check, and exit code 1 where one fails."""

from .check import main

if __name__ == "__main__":
    raise SystemExit(main())
