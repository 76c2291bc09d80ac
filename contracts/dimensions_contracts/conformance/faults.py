"""What went wrong between here and the target, in a sentence."""

from __future__ import annotations

import socket
import ssl
from http.client import HTTPException, IncompleteRead, RemoteDisconnected

from dimensions_contracts.conformance.messages import Fault

TLS_RECORD = ("\x15\x03", "\x16\x03")
CUT = (IncompleteRead, RemoteDisconnected, ConnectionResetError, ConnectionAbortedError, BrokenPipeError)
NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})


class Oversized(HTTPException):
    """An answer longer than is read; `args[0]` is the limit in MiB."""


def fault(problem: Exception, url: str, timeout: float) -> Fault:
    """Tell what happened to a call."""
    sentences: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (ssl.SSLError, _of_tls(problem, url)),
        (TimeoutError, f"{url} gave no complete answer within {timeout:g} seconds."),
        (Oversized, f"{url} answers with more than {problem} MiB."),
        (CUT, f"{url} cut its answer off."),
        ((HTTPException, ValueError), _of_http(problem, url)),
        (ConnectionRefusedError, f"{url} refuses connections; is a server running there?"),
        (socket.gaierror, f"the host name of {url} is not known."),
        (Exception, f"{url} is not reached: {getattr(problem, 'strerror', None) or problem}."),
    )
    return Fault(next(sentence for kind, sentence in sentences if isinstance(problem, kind)))


def _of_tls(problem: Exception, url: str) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return (
            f"the TLS certificate of {url} is not trusted ({problem.verify_message}); "
            "name the authority that signed it with --ca-file."
        )
    reason = getattr(problem, "reason", None) or problem
    if reason in NO_TLS:
        return f"{url} does not speak TLS; is it http:// instead?"
    if isinstance(problem, ssl.SSLEOFError):
        return f"{url} hung up while TLS was negotiated."
    return f"TLS with {url} failed: {reason}."


def _of_http(problem: Exception, url: str) -> str:
    if any(record in str(problem) for record in TLS_RECORD):
        return f"{url} speaks TLS; is it https:// instead?"
    return f"{url} did not answer with HTTP."
