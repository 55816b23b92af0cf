"""The computation graph as a picture, as text and as DOT; of a large one, parts that can be opened."""
