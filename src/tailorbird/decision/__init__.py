"""From a compiled campaign, a visitor and a moment to a choice: gates, draws and slot ranges."""
