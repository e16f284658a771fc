"""The phases of a schedule: freeze, compile and fit, best epoch kept."""
