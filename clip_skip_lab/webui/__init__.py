"""What the WebUIs of the family share: the host for a sweep, a panel and the routes, over the engine of each."""
