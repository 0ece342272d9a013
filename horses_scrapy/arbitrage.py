"""Prices of several books on one race that together leave a sure profit. Pure; fixed odds and exchanges only."""
