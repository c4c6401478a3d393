"""Judges the embedded servers under many seeds: none may fail under any.

Usage: python tests/suite/seeds.py [HOW-MANY]  (20 by default; about ten seconds each)
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the main job once a seed; the number of seeds under which it did not end with 0."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    red = 0
    for seed in range(1, count + 1):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pytest", "-q", f"--hypothesis-seed={seed}", f"--report-dir={folder}"]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("rename-tck:")]
        sys.stdout.write(f"seed {seed}: exit {done.returncode}; {'; '.join(lines)}\n")
        if done.returncode:
            red += 1
            sys.stdout.write(done.stdout)
    sys.stdout.write(f"{count - red} of {count} seeds end with exit status 0\n")
    return red


if __name__ == "__main__":
    sys.exit(main())
