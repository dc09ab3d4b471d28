"""``python -m runner`` is ``async-lab``."""

from runner.cli import main

if __name__ == "__main__":
    main()
