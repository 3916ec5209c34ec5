"""Who did something, as the audit trail and the timeline name them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, an integrator, a console, a device or the system itself."""

    kind: str
    id: str | None
    name: str

    def data(self) -> dict[str, str | None]:
        """Give the actor as stored."""
        return {"kind": self.kind, "id": self.id, "name": self.name}


SYSTEM: Final = Actor("system", None, "system")
