"""Grade a class: workers, records, marks, and the reports that are made of them."""
