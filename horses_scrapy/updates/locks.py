"""Who drives an update: one process of a machine at a time. What a process that ended left open, the next one goes on with."""

from contextlib import ExitStack
from pathlib import Path

from horses_scrapy.errors import AlreadyRunning
from horses_scrapy.only_one import only_one


class Locks:
    """Held until the update is settled, or the process ends. On PostgreSQL the update's row counts between machines."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, ExitStack] = {}

    def hold(self, name: str) -> None:
        """Raises AlreadyRunning, which names the process that drives it."""
        if name not in self._held:
            stack = ExitStack()
            stack.enter_context(only_one(path_of(self._folder, name), f"update {name}"))
            self._held[name] = stack

    def try_hold(self, name: str) -> bool:
        try:
            self.hold(name)
        except AlreadyRunning:
            return False
        return True

    def holds(self, name: str) -> bool:
        return name in self._held

    def free(self, name: str) -> None:
        self._held.pop(name, ExitStack()).close()

    def free_all(self) -> None:
        for name in tuple(self._held):
            self.free(name)

    @property
    def any(self) -> bool:
        return bool(self._held)


def path_of(state_dir: Path, name: str) -> Path:
    return state_dir / "updates" / f"{name}.lock"
