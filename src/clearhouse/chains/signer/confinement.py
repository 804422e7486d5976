"""Confinement: no other process may read this one's memory, not even one of the same user.

A process that is not dumpable gives /proc/PID/{mem,environ,maps,...} to root alone and cannot be
traced by its own user (Linux: prctl(2), ptrace(2), proc(5)). Root itself is not kept out: an
institution that needs that runs its signer on a machine of its own.
"""

import ctypes
import os
import resource
import sys

# linux/prctl.h
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38


def confine(uid: int | None = None) -> None:
    """Give up what a signer does not need: root, core dumps, and being looked at.

    Args:
        uid: Whom to become, with the group of the same number and no other; only root can. None
            stays who it is.

    Raises:
        OSError: The system does not allow it; a signer must not go on then.
    """
    if uid is not None:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    # After the change of user, which sets what is dumpable anew.
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((PR_SET_DUMPABLE, 0), (PR_SET_NO_NEW_PRIVS, 1)):
        if libc.prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0))) != 0:
            raise OSError(ctypes.get_errno(), f"prctl {option} is refused")
