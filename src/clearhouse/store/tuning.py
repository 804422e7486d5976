"""Tuning: what our own server is told, written anew at each start."""

import os
from pathlib import Path

# What it keeps of its files in memory: an eighth of the machine's, taken only as it is used. With
# less than the accounts and the newest ends of the indexes need, a posting costs a third more.
BUFFERS_MB_MIN, BUFFERS_MB_MAX = 128, 8_192

SETTINGS = """\
# Written at each start by the launcher; put changes of your own into postgresql.conf, below the
# line that includes this file.
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700

# A transfer that was answered for is on the disk.
fsync = on
synchronous_commit = on
full_page_writes = on

shared_buffers = {buffers}MB
max_wal_size = 2GB
jit = off  # many short statements, few long ones

timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
"""


def buffers_mb() -> int:
    """How much of its files the server may keep in memory, in MB."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return max(BUFFERS_MB_MIN, min(machine // 8, BUFFERS_MB_MAX))


def settings(socket: Path, port: int) -> str:
    """The settings of a server that answers in the folder `socket`."""
    quoted = f'"{socket}"'.replace("\\", "\\\\").replace("'", "''")
    return SETTINGS.format(port=port, socket=quoted, buffers=buffers_mb())
