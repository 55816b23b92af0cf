"""The comparison of backprop's gradients with numerical ones, with verdicts, blame and pictures of the errors."""
