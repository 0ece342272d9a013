"""How much money came for each interest between two boards, scratches netted. Pure."""
