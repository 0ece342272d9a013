"""Readings of money: the total of a pool, and what came in on one interest since the board before. Pure."""
