"""What is in a data set, what is wrong with it, and what to do about that."""
