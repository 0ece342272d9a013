"""The benchmark. A module of this folder that has a NAME and a run(context) is a row of it; frame.py has the rest."""
