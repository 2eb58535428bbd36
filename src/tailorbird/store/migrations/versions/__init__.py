"""Migrations, one module each, in order. A migration that was released is never edited."""
