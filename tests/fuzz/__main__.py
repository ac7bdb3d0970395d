"""Fuzzes one target: ``python -m tests.fuzz manifest --minutes 10``; see README.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed: pip install '.[fuzz]'")

SEEDS = Path(__file__).with_name("seeds")
_MEMORY = 2048  # MiB that one input may take
_LARGEST = 16384  # bytes of an input
_BY_BYTES = 0.5  # how often an input is changed byte by byte, and not by its structure

with atheris.instrument_imports(include=["dossier", "zipfile"], enable_loader_override=False):
    from .targets import SLOWEST, TARGETS, Target


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a target on inputs that reach ever more of it, from the saved ones on; ends the process."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--found", type=Path, help="folder for inputs that reach something new, and for findings")
    given = parser.parse_args(arguments)
    found = given.found or Path("build", "fuzz", given.target)
    inputs = found / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    words = found / "words"
    _write_words(TARGETS[given.target], words)
    folders = [str(inputs), str(SEEDS / given.target)]
    options = [
        f"-max_total_time={given.minutes * 60:.0f}",
        f"-timeout={SLOWEST * 2:.0f}",
        f"-rss_limit_mb={_MEMORY}",
        f"-max_len={_LARGEST}",
        f"-dict={words}",
        f"-artifact_prefix={found}/",
        "-print_final_stats=1",
        *folders,
    ]
    target = TARGETS[given.target]

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        chance = Random(seed)
        if chance.random() < _BY_BYTES:
            return bytes(atheris.Mutate(data, most))
        return target.mutate(data, chance)[:most]

    atheris.Setup([sys.argv[0], *options], target.run, custom_mutator=mutated)
    atheris.Fuzz()


def _write_words(target: Target, path: Path) -> None:
    """Write a dictionary as libFuzzer reads it."""
    quoted = ("".join(f"\\x{byte:02x}" for byte in word) for word in target.words)
    path.write_text("".join(f'"{word}"\n' for word in quoted), "ascii")


if __name__ == "__main__":
    main()
