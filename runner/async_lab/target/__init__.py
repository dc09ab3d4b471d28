"""Where the lab runs, AWS or the embedded endpoint, and what AWS fails with."""
