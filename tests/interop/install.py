#!/usr/bin/env python3
"""Makes the virtual environment of a program here and prints the path of its Python.

Usage: install.py REQUIREMENTS DIR

A stamp beside the packages holds the digest of requirements.txt, so a second call does nothing and a changed
pin installs anew. A lock on DIR.lock lets any number of test processes call this at once.
"""

import fcntl
import hashlib
import pathlib
import subprocess
import sys
import venv

def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    requirements, home = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    home.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{home}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        print(ready(requirements, home))
    return 0


def ready(requirements: pathlib.Path, home: pathlib.Path) -> pathlib.Path:
    python = home / "bin" / "python"
    stamp = home / "installed"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return python
    venv.EnvBuilder(clear=True, with_pip=True).create(home)
    install = [python, "-m", "pip", "install", "--quiet", "--no-input", "--requirement", requirements]
    subprocess.run(install, check=True, stdout=sys.stderr)
    stamp.write_text(wanted, encoding="ascii")
    return python


if __name__ == "__main__":
    sys.exit(main())
