"""Runs the command line: `python -m emotion_tl`."""

import sys

try:
    from emotion_tl.cli.main import main
except ModuleNotFoundError as error:
    if str(error.name).startswith("emotion_tl"):
        raise
    sys.exit(
        f"error: {error.name} is not installed for {sys.executable}. After `make run` the packages are in .venv: "
        "`source .venv/bin/activate`, and the same command again."
    )

# Jobs of a sweep run in processes of their own, which import this module again.
if __name__ == "__main__":
    main()
