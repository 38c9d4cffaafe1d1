"""What files of models say of themselves, and what is remembered of them. Knows no host."""
