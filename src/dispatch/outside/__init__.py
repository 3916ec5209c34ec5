"""Third parties behind a Protocol. Never called inside a dispatch transaction."""
