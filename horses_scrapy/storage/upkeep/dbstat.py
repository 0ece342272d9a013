"""Bytes of each table and index of a SQLite file, printed as JSON: `python dbstat.py FILE`.

A program of its own: pysqlite3's wheel lacks the dbstat table, the standard module mostly has it, and two SQLite libraries
in one process would drop each other's locks on the file. Ends 3 where the standard module lacks it too.
"""

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

ABSENT = 3
ASKED = "SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE"


def main(file: str) -> int:
    with closing(sqlite3.connect(f"{Path(file).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            sizes = dict(connection.execute(ASKED))
        except sqlite3.OperationalError as error:
            if "no such table: dbstat" not in str(error):
                raise
            return ABSENT
    sys.stdout.write(json.dumps(sizes))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
