"""MLflow: one run with everything needed to compare it and to run it again."""

import os

# MLflow sends usage data to its makers unless told not to; a research tool asks first.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# Its progress bars for files of a few kilobytes would stand between the lines of a report.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
