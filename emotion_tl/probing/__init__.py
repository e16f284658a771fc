"""Where in a network the features transfer from: a linear classifier on the output of each block."""
