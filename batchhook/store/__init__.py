"""Persistent state below the common git dir: the journal, the database, backups and locks."""
