"""Store: PostgreSQL, the only database; SQL locks, stores and checks, it does not decide."""
