"""MLflow: one run with everything needed to compare it and to run it again."""
