"""A log that grows, for tests: something happens, and it follows."""

from tests.hands import ADA, agree

from clearhouse.core.command import GrantRole, WithdrawRole
from clearhouse.core.person import Role
from clearhouse.operations import log
from clearhouse.operations.house import House


def follow(house: House) -> int:
    """Take all into the log; answers how many entries it has."""
    while log.follow(house):
        pass
    return log.size(house)


def grow(house: House) -> int:
    """Let something happen, and take it into the log."""
    agree(house, GrantRole(ADA.person, Role.AUDITOR))
    agree(house, WithdrawRole(ADA.person, Role.AUDITOR))
    return follow(house)
