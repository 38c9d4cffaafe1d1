"""What a sweep is: values, axes, plan, cells, the folder on disk and the grid. No host, no torch."""
