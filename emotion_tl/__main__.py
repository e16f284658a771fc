"""Runs the command line: `python -m emotion_tl`."""

from emotion_tl.cli.main import main

# Jobs of a sweep run in processes of their own, which import this module again.
if __name__ == "__main__":
    main()
