"""The command line: Hydra composes `conf/` into one typed configuration, and a command runs it.

Nothing here imports Keras before a configuration was found to be right, so that `--help`, `--cfg job` and a mistake
answer at once.
"""
