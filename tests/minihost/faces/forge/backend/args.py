"""What a checkpoint is loaded with, beside its files."""

dynamic_args = {"embedding_dir": "./embeddings", "emphasis_name": "original"}
