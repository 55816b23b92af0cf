"""Read a sheet, run it by pytest on submissions, and make of it and of a solution what students get."""
