"""How often live_data may run: the shipped expression, and those for more requests."""

CRONS = ("*/15 9-20 * * *", "*/10 9-20 * * *", "*/5 9-20 * * *")
