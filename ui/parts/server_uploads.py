"""What the server itself keeps of uploads: bounded for each session, given back when its window has closed.

Streamlit keeps a file from the moment it arrives until its session ends, whatever the page does with it; a request
that a page never asked for (made with a session's own cookie) is kept as well. A session that has closed its window is
forgotten only when another one closes its own, and its files with it.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from core.quota import MB
from core.settings import current_settings

GRACE_S = 180.0
"""So long the files of a session without a window stay: a browser without network comes back within two minutes."""
_EVERY_S = 30.0
_installed = threading.Lock()


class BoundedUploads:
    """Bounds what a manager of uploaded files (`streamlit.runtime.uploaded_file_manager`) holds.

    Parameters
    ----------
    manager : MemoryUploadedFileManager
    is_active : callable
        Whether a session of this id has a window.
    """

    def __init__(self, manager: Any, is_active: Callable[[str], bool]) -> None:
        self._manager, self._is_active = manager, is_active
        self._lock = threading.Lock()
        self._order: dict[str, dict[str, int]] = {}
        self._gone_since: dict[str, float] = {}
        self._add = manager.add_file
        manager.add_file = self.add_file

    def add_file(self, session_id: str, file: Any) -> None:
        """Keep a file; the session's oldest ones, which were read long ago, go until it holds no more than it may."""
        settings = current_settings()
        with self._lock:
            sizes = self._order.setdefault(session_id, {})
            sizes.pop(file.file_id, None)
            sizes[file.file_id] = len(file.data)
            surplus = []
            while sum(sizes.values()) > settings.session_mb * MB or len(sizes) > max(settings.most_uploads, 1) * 4:
                surplus.append(next(iter(sizes)))
                del sizes[surplus[-1]]
                if not sizes:
                    break
            if file.file_id in sizes:
                self._add(session_id, file)
        for file_id in surplus:
            self._manager.remove_file(session_id, file_id)

    def held_bytes(self, session_id: str) -> int:
        """Bytes that the files of a session hold."""
        with self._lock:
            return sum(self._order.get(session_id, {}).values())

    def give_back(self, now: float | None = None) -> None:
        """Drop the files of sessions that have had no window for `GRACE_S`."""
        now = time.monotonic() if now is None else now
        with self._lock:
            known = list(self._order)
        for session_id in known:
            if self._is_active(session_id):
                self._gone_since.pop(session_id, None)
            elif now - self._gone_since.setdefault(session_id, now) >= GRACE_S:
                with self._lock:
                    self._order.pop(session_id, None)
                self._gone_since.pop(session_id, None)
                self._manager.remove_session_files(session_id)


def bound_uploads() -> None:
    """Bound the uploads of this server, once; called by every page."""
    from streamlit.runtime import exists, get_instance

    if not exists() or not _installed.acquire(blocking=False):
        return
    runtime = get_instance()
    bounded = BoundedUploads(runtime.uploaded_file_mgr, runtime.is_active_session)

    def tidy() -> None:
        while True:
            time.sleep(_EVERY_S)
            bounded.give_back()

    threading.Thread(target=tidy, name="gives uploads back", daemon=True).start()
