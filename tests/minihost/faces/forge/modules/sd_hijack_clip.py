"""Empty: Forge's text encoders are in backend/text_processing."""
