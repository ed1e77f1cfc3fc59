"""Jobs in processes of their own: what a child does, and what its parent makes of it."""
