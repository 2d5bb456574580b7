"""astroquery's clients at the addresses of the settings: lazy, quiet and with time-outs."""

import http.client
from collections.abc import Callable
from functools import cached_property, lru_cache
from urllib.parse import urlsplit

from core.archive import parse
from core.errors import UsageError
from core.settings import Settings


def uncached(request: Callable, *arguments):
    """Run a request of astroquery without its own disk cache, which keeps error pages for a week as well."""
    from astroquery import cache_conf

    with cache_conf.set_temp("cache_active", False):
        return request(*arguments)


def _quietly_import() -> None:
    import astroquery  # sets its logger up on import; earlier there is none to quieten

    astroquery.log.setLevel("WARNING")


@lru_cache(maxsize=8)
def gaia_connection(url: str, timeout_s: float, kind: str):
    """astroquery's TAP+ client, the base of its Gaia client, for queries (kind 'tap') or DataLink ('data')."""
    _quietly_import()
    from astroquery.utils.tap import TapPlus
    from astroquery.utils.tap.conn.tapconn import TapConn

    parts = urlsplit(url)
    context, _, last = parts.path.strip("/").rpartition("/")
    if parts.scheme not in ("http", "https") or not parts.hostname or not last:
        raise UsageError(f"the archive's address {url!r} is no http(s) URL that ends in .../{kind}")
    secure, host = parts.scheme == "https", parts.hostname
    port = parts.port or (443 if secure else 80)

    class Connections:
        """Connections with a time-out: astroquery's own wait for ever."""

        def get_connection(self, *, ishttps=False, cookie=None, verbose=False):
            if ishttps or secure:
                return self.get_connection_secure(verbose)
            return http.client.HTTPConnection(host, port, timeout=timeout_s)

        def get_connection_secure(self, verbose):
            return http.client.HTTPSConnection(host, port, timeout=timeout_s)

    class TypedConnection(TapConn):
        """A connection that raises `HttpStatusError` at once: astroquery prints errors and drops their status."""

        def execute_tapget(self, subcontext, *, verbose=False):
            return _checked(super().execute_tapget(subcontext, verbose=verbose))

        def execute_tappost(self, subcontext, data, content_type="application/x-www-form-urlencoded", *, verbose=False):
            return _checked(super().execute_tappost(subcontext, data, content_type, verbose=verbose))

        def execute_datapost(self, data, content_type="application/x-www-form-urlencoded", *, verbose=False):
            return _checked(super().execute_datapost(data, content_type, verbose=verbose))

    connection = TypedConnection(
        secure, parts.hostname, server_context=context, port=port, sslport=port, connhandler=Connections(),
        tap_context=last if kind == "tap" else "tap", data_context=last if kind == "data" else "data",
        datalink_context="datalink", upload_context="Upload", table_edit_context="TableTool",
    )  # fmt: skip
    # astroquery.gaia itself is not imported: its import asks the archive for its status messages, without a time-out.
    return TapPlus(url=url, connhandler=connection)


def _checked(response):
    if response.status >= 400:
        try:
            body = response.read()
        except (OSError, http.client.HTTPException):
            body = b""
        raise parse.http_error(response.status, body, response.getheader("Retry-After"))
    return response


def _session_with_timeout(session, timeout_s: float):
    from requests.adapters import HTTPAdapter

    class TimeoutAdapter(HTTPAdapter):
        def send(self, request, **options):  # type: ignore[override]
            options["timeout"] = options.get("timeout") or timeout_s
            return super().send(request, **options)

    session.mount("http://", TimeoutAdapter())
    session.mount("https://", TimeoutAdapter())
    return session


def simbad_client(settings: Settings):
    """astroquery's Simbad at the server of the settings, with their time-out."""
    _quietly_import()
    from astroquery.simbad import SimbadClass
    from pyvo.dal import TAPService

    class Simbad(SimbadClass):
        """astroquery's Simbad client at the address of the settings."""

        @cached_property
        def tap(self):
            session = _session_with_timeout(self._session, settings.archive_timeout_s)
            return TAPService(baseurl=settings.simbad_url, session=session)

        @property
        def hardlimit(self):
            return 2_000_000  # Simbad's own; asking for it would cost a request

    return Simbad()


def vizier_client(settings: Settings):
    """astroquery's VizieR at the server of the settings, without a limit of rows, with their time-out."""
    _quietly_import()
    from astroquery.vizier import VizierClass

    class Vizier(VizierClass):
        """astroquery's VizieR client at the address of the settings."""

        def _server_to_url(self, return_type="votable"):
            return f"{settings.vizier_url.rstrip('/')}/viz-bin/{return_type}"

    return Vizier(columns=["all"], row_limit=-1, timeout=settings.archive_timeout_s)
