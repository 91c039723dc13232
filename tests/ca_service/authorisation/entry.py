"""What one line of the tables says, and what the policy expects of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from io import BytesIO
from pathlib import Path

from ca_service.domain.roles import CENTRE_ONLY, NOT_PEOPLE, POLICY, Action, Role
from ca_service.domain.units import CENTRE_CODE

LEAGUE, OTHER_LEAGUE = "150300", "150400"
BELOW, FOREIGN = "9115030201", "9115040201"  # a school of the league's banner, a school of another league's banner
LINEAGE: Mapping[str, Sequence[str]] = {
    CENTRE_CODE: [CENTRE_CODE],
    LEAGUE: [LEAGUE, CENTRE_CODE],
    BELOW: [BELOW, "150302", LEAGUE, CENTRE_CODE],
    FOREIGN: [FOREIGN, "150402", OTHER_LEAGUE, CENTRE_CODE],
}


class Open(Enum):
    """What is not in the policy."""

    EVERYBODY = "everybody"  # no account is asked for
    SIGNED_IN = "signed in"  # one's own account, or nothing that belongs to a unit
    HERE_ONLY = "this machine"  # a program of the machine's operator that knows no staff; never called here


class Where(Enum):
    """For which unit a thing is asked."""

    OWN = "the asker's own unit: lists"
    PLACE = "the unit of the thing, which lies in the asker's subtree"
    HERE = "the unit where the thing lies now, which is the asker's own"
    ABOVE = "a unit strictly below the asker's; the centre stands above its own things too"
    CENTRE = "the centre, whoever asks"


Need = Action | Open


@dataclass(frozen=True)
class Place:
    """A unit with one thing of every kind (world.py puts them there), named by what it is and where."""

    code: str
    folder: Path

    def __getattr__(self, kind: str) -> str:
        """`place.application`, `place.holder`, ...: the key of the unit's thing of that kind."""
        if kind.startswith("_"):
            raise AttributeError(kind)
        # A certificate's serial is hexadecimal.
        return f"c{self.code}" if kind == "certificate" else f"{kind}-{self.code}"

    def file(self, name: str) -> str:
        """The path of a file to be uploaded by command."""
        return str(self.folder / name)

    def upload(self, name: str) -> tuple[BytesIO, str]:
        """The same file as a form has it."""
        return BytesIO((self.folder / name).read_bytes()), name


Arguments = Callable[[Place], Mapping[str, object]]


def nothing(_place: Place) -> Mapping[str, object]:
    """No arguments."""
    return {}


@dataclass(frozen=True)
class Route:
    """One line of table_http.py. `path` fills the address, `form` is the body of a POST (`json`: as JSON)."""

    method: str
    endpoint: str
    needs: Need | Sequence[Action]
    where: Where = Where.OWN
    path: Arguments = nothing
    form: Arguments = nothing
    program: Role | None = None  # asked with this program's bearer token instead of a session

    def __str__(self) -> str:
        """Its name in a test report."""
        return f"{self.method} {self.endpoint} {self.where.name}"


@dataclass(frozen=True)
class Command:
    """One line of table_cli.py."""

    path: str
    needs: Need
    where: Where = Where.OWN
    arguments: Callable[[Place], Sequence[str]] = lambda _place: ()

    def __str__(self) -> str:
        """Its name in a test report."""
        return f"{self.path} {self.where.name}"


@dataclass(frozen=True)
class Asker:
    """Somebody with one role at one unit; no role: nobody."""

    role: Role | None
    unit: str

    @property
    def login(self) -> str:
        """The account of this role there."""
        return f"{self.role}-at-{self.unit}" if self.role else "nobody"


NOBODY = Asker(None, "")
_STAFF = [role for role in Role if role not in NOT_PEOPLE]
# All roles at a league too: should an account of the three ever stand there, the centre's acts stay closed to it.
STAFF = [Asker(role, unit) for unit in (CENTRE_CODE, LEAGUE) for role in _STAFF]
OPERATOR = Asker(Role.OPERATOR, CENTRE_CODE)


def places(asker: Asker, where: Where) -> Sequence[str]:
    """The units for which to ask: own, in the subtree, foreign (below another league, and above)."""
    own = asker.unit or CENTRE_CODE
    if where is Where.OWN or where is Where.CENTRE:
        return [own if where is Where.OWN else CENTRE_CODE]
    return [CENTRE_CODE, BELOW] if own == CENTRE_CODE else [LEAGUE, BELOW, FOREIGN, CENTRE_CODE]


def expected(asker: Asker, entry: Route | Command, place: str) -> bool:
    """What the policy says, worked out from its tables alone and not by `authorise`."""
    needs = entry.needs
    if needs is Open.EVERYBODY:
        return True
    if asker.role is None:
        return False
    if isinstance(needs, Open):
        return True
    if entry.where is Where.HERE and place != asker.unit:
        return False
    if entry.where is Where.ABOVE and place == asker.unit != CENTRE_CODE:
        return False
    actions = [needs] if isinstance(needs, Action) else needs
    return all(
        asker.role in POLICY[action]
        and asker.unit in LINEAGE[place]
        and (action not in CENTRE_ONLY or asker.unit == CENTRE_CODE)
        for action in actions
    )
