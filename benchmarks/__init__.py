"""Timings of this package beside what a person would write or pick instead; see README.md in this folder."""
