"""One deadline for a whole request: name look-up, connecting, TLS, sending, headers and body together.

The timeouts of requests and urllib3 restart with every byte that arrives, so an endpoint that drips keeps them waiting
for ever (reference/security-and-faults.md F-24). Sockets of this file ask the deadline before every step instead.
"""

import ipaddress
import math
import os
import queue
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from jupyter_deployfeedback.errors import TargetUnreachable
from jupyter_deployfeedback.probe.framing import ProvenResponse, Received

# Addresses that answer only inside a cloud machine, with its credentials; link-local ones are refused as a whole.
_METADATA_ADDRESSES = frozenset({"fd00:ec2::254", "100.100.100.200", "168.63.129.16"})


class Deadline:
    """When the request under way must be over; shared by an adapter and its sockets."""

    def __init__(self) -> None:
        self._at = math.inf

    def start(self, seconds: float) -> None:
        """Let the next request take so many seconds."""
        self._at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left; ``TimeoutError`` when there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the request has passed")
        return left

    @property
    def passed(self) -> bool:
        """Say whether the time is over."""
        return time.monotonic() >= self._at


class BoundedAdapter(HTTPAdapter):
    """An adapter of requests whose connections all obey one deadline; it follows no redirect and repeats nothing."""

    def __init__(self, deadline: Deadline, *, tls: bool) -> None:
        self._deadline = deadline
        self._tls = tls
        super().__init__(pool_connections=2, pool_maxsize=1)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **settings: Any) -> None:  # noqa: ANN401, FBT001, FBT002 - the signature of requests
        """Make pools whose connections are ours: plain ones, or TLS ones, never both."""
        mine = {"deadline": self._deadline}
        bound = {**mine, "socket_class": type("_Socket", (_Bounded,), mine)}
        if self._tls:
            settings["ssl_context"] = context = _trust()
            context.sslsocket_class = type("_TLSSocket", (_BoundedTLS,), mine)
            secure = type("_SecureConnection", (_SecureConnection,), bound)
            pools = {"https": type("_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure})}
        else:
            plain = type("_Connection", (_Connection,), bound)
            pools = {"http": type("_Pool", (HTTPConnectionPool,), {"ConnectionCls": plain})}
        super().init_poolmanager(connections, maxsize, block, **settings)
        self.poolmanager.pool_classes_by_scheme = pools


class _Bounded(socket.socket):
    """A socket that gives every step no more than what is left of the request's time."""

    deadline: ClassVar[Deadline]
    due = True

    def makefile(self, *_arguments: Any, **_settings: Any) -> Any:  # noqa: ANN401 - http.client asks for "rb" only
        return Received(super().makefile("rb", buffering=0), self)

    def recv_into(self, *arguments: Any, **settings: Any) -> int:  # noqa: ANN401 - passed on as they come
        self.settimeout(self.deadline.remaining() if self.due else 0)
        return super().recv_into(*arguments, **settings)

    def send(self, *arguments: Any) -> int:  # noqa: ANN401 - passed on as they come
        self.settimeout(self.deadline.remaining())
        return super().send(*arguments)

    def sendall(self, *arguments: Any) -> None:  # noqa: ANN401 - passed on as they come
        self.settimeout(self.deadline.remaining())
        super().sendall(*arguments)


class _BoundedTLS(_Bounded, ssl.SSLSocket):
    """The same with TLS; the handshake is bounded by the timeout the plain socket had."""


class _Connecting(HTTPConnection):
    """Opens bounded sockets, tries all addresses of a name within one deadline."""

    deadline: ClassVar[Deadline]
    socket_class: ClassVar[type[socket.socket]]
    response_class = ProvenResponse

    def _new_conn(self) -> socket.socket:
        try:
            addresses = _look_up(self._dns_host, self.port, deadline=self.deadline)
            return self._open_first(addresses)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"connecting to {self.host} took too long") from error
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error

    def _open_first(self, addresses: list[Any]) -> socket.socket:
        problem: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in addresses:
            _refuse_metadata(str(address[0]))
            opened = self.socket_class(family, kind, protocol)
            try:
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                opened.settimeout(self.deadline.remaining())
                opened.connect(address)
            except OSError as error:
                opened.close()
                problem = error
            else:
                opened.settimeout(self.deadline.remaining())
                return opened
        raise problem


class _Connection(_Connecting, HTTPConnection):
    """A plain connection under a deadline."""


class _SecureConnection(_Connecting, HTTPSConnection):
    """A TLS connection under a deadline."""


def _trust() -> ssl.SSLContext:
    """Return a context that verifies, by the system's authorities (requests adds certifi's); 20 ms to make.

    ``REQUESTS_CA_BUNDLE`` may add authorities; nothing can take the check away.
    """
    context = ssl.create_default_context()
    bundle = os.environ.get("REQUESTS_CA_BUNDLE")
    if bundle and Path(bundle).is_file():
        context.load_verify_locations(cafile=bundle)
    return context


def _look_up(host: str, port: int, *, deadline: Deadline) -> list[Any]:
    """Return the addresses of a name. The system's look-up knows no timeout, so it is awaited from outside."""
    if _is_address(host):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    found: queue.SimpleQueue[list[Any] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except OSError as error:
            found.put(error)
        except UnicodeError:
            found.put(socket.gaierror(socket.EAI_NONAME, "the name cannot be a host's"))

    threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
    try:
        result = found.get(timeout=deadline.remaining())
    except queue.Empty:
        raise TimeoutError(f"looking up {host} took too long") from None
    if isinstance(result, OSError):
        raise result
    return result


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _refuse_metadata(text: str) -> None:
    address = ipaddress.ip_address(text.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_link_local or str(address) in _METADATA_ADDRESSES:
        raise TargetUnreachable(
            f"{address} is a link-local or cloud metadata address, which is never asked.",
            remedy="Use the address the deployment has in its network.",
        )
