"""What a run on somebody's account makes, takes, costs and needs, and whether there is concurrency for it."""
