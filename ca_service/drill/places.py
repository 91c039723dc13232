"""Where a running act can be struck: transactions before they begin, before and after they commit, and signatures."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

BEGIN, COMMIT, COMMITTED = "before-transaction", "before-commit", "after-commit"
SIGN, SIGNED = "before-signature", "after-signature"


@dataclass
class Places:
    """Counts the places that an act passes while it is armed, and strikes at number `strike` (0: nowhere), once.

    A place is named by the step that passes it, what happens there, and how often it was passed: `confirm:
    before-commit`, `begin: after-commit 2`.
    """

    strike: int
    blow: Callable[[], None]
    tell: Callable[[str], None]
    armed: bool = False
    names: list[str] = field(default_factory=list)
    struck: str = ""
    _step: str = ""
    _passed: Counter[str] = field(default_factory=Counter)

    def passing(self, what: str) -> None:
        """Pass a place; where it is the one, say so and strike."""
        if not self.armed:
            return
        name = f"{self._step}: {what}"
        self._passed[name] += 1
        if self._passed[name] > 1:
            name = f"{name} {self._passed[name]}"
        self.names.append(name)
        if len(self.names) == self.strike and not self.struck:
            self.struck = name
            # Told before: a process that is killed tells nothing any more.
            self.tell(name)
            self.blow()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """The places inside belong to this step of the act."""
        self._step, before = name, self._step
        try:
            yield
        finally:
            self._step = before
