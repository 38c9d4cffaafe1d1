"""The prompt lens: what a prompt becomes in each text encoder, layer by layer, in numbers."""
