"""A leaderboard is a pure function of Records; what one is made of, and how it is written."""
