"""What views are written with: labels, numbers, tables, the gradient of each Variable at each step."""
