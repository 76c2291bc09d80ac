"""What a session has beside its world."""
