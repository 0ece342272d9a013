"""Watches horse-racing tracks: live tote odds, exacta probables, alerts before the post."""
