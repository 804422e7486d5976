"""Commands made at the command line, and signed with a key file."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearhouse.cli.keys import public
from clearhouse.core import ids
from clearhouse.core.command import Action, Command
from clearhouse.core.dossier import Dossier
from clearhouse.core.founding import NotFounded
from clearhouse.core.ids import CommandId, PersonId
from clearhouse.core.person import UnknownKey
from clearhouse.operations import people
from clearhouse.operations.house import House
from clearhouse.operations.people import Taken
from clearhouse.store import people as store


def holder_of(own: House, key: str) -> PersonId:
    """Whose key it is.

    Raises:
        UnknownKey: Nobody's.
    """
    person = store.owner_of(own.db, key)
    if person is None:
        raise UnknownKey(f"{key} is nobody's here", key=key)
    return person


def command_of(own: House, key: str, action: Action) -> Command:
    """Make a command of an action, to be signed with a key.

    Raises:
        NotFounded, UnknownKey: Nobody can order with it.
    """
    founded = store.founded(own.db)
    if founded is None:
        raise NotFounded("two people found it first: see the guide to people and keys")
    person = holder_of(own, key)
    now = own.now()
    id = CommandId(ids.fresh("cmd", now, own.dice))
    return Command(founded[0], id, person, key, action, now)


def sign(
    own: House, private: Ed25519PrivateKey, action: Action, personal: Dossier | None = None
) -> Taken:
    """Make a command of an action, sign it and hand it in."""
    text = command_of(own, public(private), action).encode()
    return people.submit(own, text, private.sign(text.encode()).hex(), personal)
