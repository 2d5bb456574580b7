"""Tables and spectra to other programs on this machine (TOPCAT, Aladin, SPLAT) through their SAMP hub.

SAMP is the IVOA's protocol (version 1.3); the hub is TOPCAT or Aladin themselves. It runs where the program runs: on a
server that others visit there is none.
"""

import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from core.errors import NotFoundError, StorageError

TABLE, SPECTRUM = "table.load.votable", "spectrum.load.ssa-generic"
NO_HUB = (
    "no SAMP hub runs on the machine of this program: start TOPCAT or Aladin there and try again, or download the "
    "VOTable and open it by hand"
)
_KEPT: list[tempfile.TemporaryDirectory] = []
_MOST_KEPT = 8
_DELIVERY_S = 1.0
"""A hub passes a message on in a thread of its own, and drops it where the sender has left before; nothing tells it."""


def send_votable(data: bytes, name: str, *, mtype: str = TABLE) -> tuple[str, ...]:
    """Send a VOTable to every program of the hub that takes one.

    Parameters
    ----------
    data : bytes
    name : str
        Shown by the receivers.
    mtype : `TABLE` or `SPECTRUM`

    Returns
    -------
    Names of the programs that were told.

    Raises
    ------
    NotFoundError
        There is no hub, or no program at it that takes such a message.
    StorageError
        The file could not be written for them.
    """
    from pyvo.samp import SAMPClientError, SAMPHubError, SAMPIntegratedClient, SAMPProxyError

    client = SAMPIntegratedClient(name="Massive Star Explorer", description="Verdicts on Gaia XP spectra")
    try:
        client.connect()
    except (SAMPHubError, SAMPProxyError, SAMPClientError, OSError, AttributeError, TypeError) as error:
        raise NotFoundError(f"{NO_HUB} ({str(error)[:120] or type(error).__name__})") from error
    try:
        receivers = client.get_subscribed_clients(mtype)
        told = tuple(str(client.get_metadata(key).get("samp.name", key)) for key in receivers)
        if not told:
            raise NotFoundError(
                "a SAMP hub runs, but no program at it takes a "
                f"{'table' if mtype == TABLE else 'spectrum'}: open TOPCAT, Aladin or SPLAT and try again"
            )
        client.notify_all({"samp.mtype": mtype, "samp.params": _parameters(data, name, mtype)})
        time.sleep(_DELIVERY_S)
    except (SAMPHubError, SAMPProxyError, OSError) as error:
        raise NotFoundError(f"the SAMP hub did not take the table ({str(error)[:120]}): try again") from error
    finally:
        _disconnect(client)
    return told


def _parameters(data: bytes, name: str, mtype: str) -> dict[str, object]:
    url = _written(data)
    if mtype == SPECTRUM:
        return {"url": url, "meta": {"Access.Format": "application/x-votable+xml"}, "spectrum-id": name, "name": name}
    return {"url": url, "table-id": name, "name": name}


def _written(data: bytes) -> str:
    """The file's address; the receivers read it after the message, so that the latest few are kept."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="explorer-samp-")
        path = Path(folder.name) / "table.vot"
        path.write_bytes(data)
    except OSError as error:
        raise StorageError(f"the table could not be written for the other program: {error}") from error
    _KEPT.append(folder)
    while len(_KEPT) > _MOST_KEPT:
        _KEPT.pop(0).cleanup()
    return path.as_uri()


def _disconnect(client) -> None:
    with suppress(Exception):  # a hub that has gone needs no farewell
        client.disconnect()


def names(programs: Sequence[str]) -> str:
    """'TOPCAT and Aladin'.

    >>> names(["TOPCAT", "Aladin", "SPLAT"])
    'TOPCAT, Aladin and SPLAT'
    """
    *first, last = programs
    return f"{', '.join(first)} and {last}" if first else last
