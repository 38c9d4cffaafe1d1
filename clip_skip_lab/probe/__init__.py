"""Which clip skip a checkpoint was trained with, asked of its weights. Knows torch and no host."""
