"""A listening socket, opened before anything else: a port that is taken ends in one sentence at once."""

from __future__ import annotations

import errno
import os
import socket as sockets
from dataclasses import dataclass
from typing import Final

from comity.core.errors import ComityError

BACKLOG: Final = 1024


class PortTaken(ComityError):
    """Somebody else listens there."""

    code = "port-taken"


class AddressUnusable(ComityError):
    """The address cannot be listened on."""

    code = "address-unusable"


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that listens, and how to reach it."""

    socket: sockets.socket
    url: str
    """Such as http://127.0.0.1:8080; the port is the real one."""

    @classmethod
    def over(cls, opened: sockets.socket, *, tls: bool = False) -> Listener:
        """A socket that listens already."""
        opened.setblocking(False)
        host, port = opened.getsockname()[:2]
        scheme = "https" if tls else "http"
        return cls(opened, f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}")


def listen(host: str, port: int, *, tls: bool = False) -> Listener:
    """Take an address; port 0 takes any free one. `tls` says what will be spoken there.

    Raises:
        PortTaken, AddressUnusable.
    """
    family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    opened = sockets.socket(family, sockets.SOCK_STREAM)
    try:
        opened.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen(BACKLOG)
    except (OSError, OverflowError) as fault:
        opened.close()
        if isinstance(fault, OSError) and fault.errno == errno.EADDRINUSE:
            raise PortTaken(host=host, port=port) from fault
        raise AddressUnusable(host=host, port=port, detail=_reason(fault)) from fault
    return Listener.over(opened, tls=tls)


def _reason(fault: Exception) -> str:
    number = getattr(fault, "errno", None)
    return os.strerror(number).lower() if number and number > 0 else str(fault)
