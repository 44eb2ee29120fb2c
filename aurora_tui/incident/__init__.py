"""From the alert to its cause: what changed before it began."""
