"""What is true: the only writer, its rules, its proofs, and what files say of themselves."""
