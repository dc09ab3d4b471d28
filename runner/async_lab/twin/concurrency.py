"""Who may run: reserved concurrency, the account's unreserved pool, scale-up, and which environment is warm."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from async_lab.twin.model import FunctionConfig, FunctionRef
from async_lab.twin.rules import Rules


@dataclass(slots=True)
class Concurrency:
    """The executions of one account in one region, and the execution environments that they run in."""

    rules: Rules
    unreserved_limit: Callable[[], int]
    running: Counter[str] = field(default_factory=Counter)
    """Executions at this instant, by function."""
    _unreserved_running: int = 0
    _idle: dict[tuple[str, str], list[tuple[str, float]]] = field(default_factory=dict)
    """Warm environments and since when they are idle, by function and revision; the one used last is taken first."""
    _environments_made: int = 0
    _recent_starts: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def take(self, target: FunctionRef, config: FunctionConfig, at: float) -> str | None:
        """Return the environment for one execution, which now counts; None when the attempt is throttled.

        A name that was not returned before is a new environment's: a cold start.
        """
        function, reserved = target.function, config.reserved_concurrency
        if reserved is None:
            has_room = self._unreserved_running < self.unreserved_limit()
        else:
            has_room = self.running[function] < reserved
        environment = self._environment(function, config.revision, at) if has_room else None
        if environment is not None:
            self.running[function] += 1
            self._unreserved_running += reserved is None
        return environment

    def give_back(self, target: FunctionRef, config: FunctionConfig, environment: str | None, at: float) -> None:
        """End one execution; ``environment`` is None when it didn't survive the execution."""
        self.running[target.function] -= 1
        self._unreserved_running -= config.reserved_concurrency is None
        if not self.running[target.function]:
            del self.running[target.function]
        if environment is not None:
            self._idle.setdefault((target.function, config.revision), []).append((environment, at))

    def retire(self, at: float) -> list[str]:
        """Give up the environments that were idle for long, and what is known of functions that scaled up long ago."""
        retired: list[str] = []
        for key, idle in list(self._idle.items()):
            kept = [each for each in idle if each[1] > at - self.rules.idle_seconds]
            retired += [environment for environment, _ in idle[: len(idle) - len(kept)]]
            if kept:
                self._idle[key] = kept
            else:
                del self._idle[key]
        for function, recent in list(self._recent_starts.items()):
            if not recent or recent[-1] <= at - self.rules.scale_up_seconds:
                del self._recent_starts[function]
        return retired

    def _environment(self, function: str, revision: str, at: float) -> str | None:
        if idle := self._idle.get((function, revision)):
            return idle.pop()[0]
        recent = self._recent_starts[function]
        while recent and recent[0] <= at - self.rules.scale_up_seconds:
            recent.popleft()
        if len(recent) >= self.rules.scale_up_environments:
            return None
        recent.append(at)
        self._environments_made += 1
        return f"{function}/{self._environments_made}"
