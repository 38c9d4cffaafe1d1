"""What the user sees inside the WebUI."""
