#!/usr/bin/env python3
"""Makes an empty Tryton database with the module party and prints its path.

Usage: template.py DIR   (with the Python that has trytond)

Making it takes a quarter of a minute of CPU, so it is kept in DIR and copied for each test. A stamp beside it holds the
versions it was made with; a lock on DIR.lock lets any number of test processes call this at once. Its administrator is
`admin`, with the password `admin`.
"""

import fcntl
import importlib.metadata
import os
import pathlib
import shutil
import subprocess
import sys


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    home = pathlib.Path(sys.argv[1]).resolve()
    home.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{home}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        print(ready(home))
    return 0


def ready(home: pathlib.Path) -> pathlib.Path:
    database, stamp = home / "crm.sqlite", home / "made-with"
    wanted = " ".join(importlib.metadata.version(name) for name in ("trytond", "trytond_party"))
    if database.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return database
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    database.touch()
    config, password = home / "trytond.conf", home / "password"
    config.write_text(f"[database]\nuri = sqlite://\npath = {home}\n", encoding="utf-8")
    password.write_text("admin", encoding="ascii")
    admin = pathlib.Path(sys.executable).parent / "trytond-admin"
    subprocess.run(
        [admin, "-c", config, "-d", "crm", "--all", "-p", "--email", "admin@example.com",
         "-u", "party", "--activate-dependencies"],
        check=True,
        env=os.environ | {"TRYTONPASSFILE": str(password)},
        stdout=sys.stderr,
    )
    stamp.write_text(wanted, encoding="ascii")
    return database


if __name__ == "__main__":
    sys.exit(main())
