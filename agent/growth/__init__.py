"""How the library grows from what the agent does."""
