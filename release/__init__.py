"""What is looked at before a version is published: `python -m release check`, and the repository's address."""
