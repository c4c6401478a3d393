"""Which case of a law is being tried: so that a failure can name it, and a later run can try just that one again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


class CaseSelector:
    """The keys of the cases that are being tried, from the outermost loop of a law to the innermost.

    With `wanted`, the keys of a failure, each loop yields the one case that these name, and loops that do not know it
    yield none; an empty `wanted` is a failure outside every loop.
    """

    def __init__(self, wanted: Sequence[str] | None = None) -> None:
        self._wanted = None if wanted is None else tuple(wanted)
        #: Whether the wanted case was come by; a law that has it no longer never does.
        self.met = not wanted
        self._keys: list[str] = []
        self._explorations = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of what is being tried now."""
        return tuple(self._keys)

    @property
    def narrowed(self) -> bool:
        """Whether only one case is wanted."""
        return self._wanted is not None

    def widen(self) -> None:
        """From now on try every case."""
        self._wanted, self._explorations = None, 0

    def select(self, items: Iterable[T]) -> Iterator[T]:
        """The items that are to be tried, each the last of the keys while it is."""
        depth = len(self._keys)
        times: Counter[str] = Counter()
        for item in items:
            key = key_of(item)
            times[key] += 1
            if times[key] > 1:
                key = f"{key} #{times[key]}"
            if not self._is_wanted(depth, key):
                continue
            self._keys.append(key)
            try:
                yield item
            finally:
                # a loop that was left by an exception may be closed much later: what is not its own it leaves alone
                if len(self._keys) > depth and self._keys[depth] is key:
                    del self._keys[depth:]
            if self._wanted is not None and depth < len(self._wanted):
                return  # the keys of one loop are all different: what comes after was not asked for

    def exploration(self) -> str:
        """The key of the next exploration of the test."""
        self._explorations += 1
        return f"drawn values, part {self._explorations}"

    def _is_wanted(self, depth: int, key: str) -> bool:
        if self._wanted is None:
            return True
        if depth >= len(self._wanted):
            return bool(self._wanted)
        if self._wanted[depth] != key:
            return False
        self.met = self.met or depth == len(self._wanted) - 1
        return True


def key_of(item: object) -> str:
    """What a case is called in every run: its label, the text itself, that of a tuple's first member.

    Never what a run makes up anew: a session counts by its kind.
    """
    if isinstance(item, str):
        return item
    if isinstance(item, tuple) and item:
        return key_of(item[0])
    label = getattr(item, "label", None)
    if isinstance(label, str):
        return label
    if item is None or isinstance(item, int):
        return str(item)
    return str(getattr(item, "kind", None) or type(item).__name__.lower())
