"""Opens the sources of a run: one a stream, all in parallel; a stop leaves one that hangs."""

from __future__ import annotations

import threading

from edge.errors import ConfigError, EdgeError, SourceError, first_line
from edge.runtime.feed import Feed
from edge.sources.base import Source


def check_one_source_each(feeds: list[Feed]) -> None:
    """Check that no stream has two sources.

    Raises:
        ConfigError: Names the stream and both sources.
    """
    taken: dict[str, str] = {}
    for feed in feeds:
        for stream in sorted(feed.streams):
            if stream in taken:
                raise ConfigError(
                    f"{taken[stream]} and {feed.source.name} would both feed {stream}:"
                    " give one source for each stream."
                )
            taken[stream] = feed.source.name


def open_all(feeds: list[Feed], stop: threading.Event) -> bool:
    """Open all sources in parallel. False when `stop` was set meanwhile.

    Each source opens in its own thread, so one that hangs can be abandoned on a stop.

    Raises:
        EdgeError: The first source that failed. The others are closed.
    """
    failures: list[EdgeError] = []
    crashes: list[BaseException] = []
    pending = threading.Semaphore(0)

    def open_one(source: Source) -> None:
        try:
            source.open()
        except EdgeError as error:
            failures.append(error)
        except Exception as error:  # anybody's source
            failures.append(SourceError(f"{source.name} cannot be opened: {first_line(error)}"))
        except BaseException as error:  # raised below in the caller's thread
            crashes.append(error)
        finally:
            pending.release()

    for feed in feeds:
        name = f"open {feed.source.name}"
        threading.Thread(target=open_one, args=(feed.source,), name=name, daemon=True).start()
    left = len(feeds)
    while left and not stop.is_set() and not failures and not crashes:
        left -= pending.acquire(timeout=0.05)
    if failures or crashes or stop.is_set():
        for feed in feeds:
            feed.close()
    for error in crashes:
        raise error
    if stop.is_set():  # a source that is closed while it opens fails: ignore that
        return False
    for failure in failures:
        raise failure
    return True
