"""The live board and the API over the same database. Read-only, but for the page that mutes (pages/mute.py)."""
