"""A fetcher for one source's address, closed again at the end."""

import contextlib
from collections.abc import Iterator, Mapping

from medtune.collect.source import Desk
from medtune.collect.web.fetch import Fetcher
from medtune.collect.web.pace import Limits, Pace
from medtune.collect.web.snapshot import Snapshot
from medtune.core.net import client


@contextlib.contextmanager
def open_fetcher(
    desk: Desk,
    address: str,
    limits: Limits,
    *,
    key_help: str,
    headers: Mapping[str, str] | None = None,
    follow_redirects: bool = False,
) -> Iterator[Fetcher]:
    """A fetcher that writes to the desk's raw folder. Raises EgressError when the recipe does not allow the host.

    `headers` go with every request and are never written down: keys may stand in them.
    """
    from medtune import __version__

    sent = {"User-Agent": f"medtune/{__version__}", **(headers or {})}
    with client(
        desk.egress, timeout_s=limits.timeout_s, base_url=address, headers=sent, follow_redirects=follow_redirects
    ) as connection:
        yield Fetcher(
            client=connection,
            snapshot=Snapshot(desk.raw),
            limits=limits,
            key_help=key_help,
            pace=Pace(limits.requests, limits.window_s, sleep=desk.sleep),
        )
