"""How our processes tell whoever watches them that they are well: systemd, and a dead-man switch somewhere else."""
