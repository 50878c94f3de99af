"""What is asked of a candidate: rules as values, the language they are written in, and what is refused in them."""
