"""What batchhook remembers, below the common git dir: journal, database, backups, locks."""
