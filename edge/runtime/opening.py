"""Opens the sources of a run: one a stream, all in parallel; a stop leaves one that hangs.

With `start_without`, a device that cannot be opened is left out, and looked for while the run goes.
"""

from __future__ import annotations

import threading

from edge.errors import ConfigError, EdgeError, SourceError, first_line
from edge.runtime.feed import Feed


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


def open_all(feeds: list[Feed], stop: threading.Event, start_without: bool = False) -> bool:
    """Open all sources in parallel. False when `stop` was set meanwhile.

    Each source opens in its own thread, so one that hangs can be abandoned on a stop. With
    `start_without`, a device that fails is not an error: `Feed.missing` then says why.

    Raises:
        EdgeError: The first source that failed. The others are closed.
    """
    failures: list[EdgeError] = []
    crashes: list[BaseException] = []
    pending = threading.Semaphore(0)

    def failed(feed: Feed, error: EdgeError) -> None:
        if not feed.can_return:
            failures.append(error)
        elif start_without:
            feed.missing = str(error)
        else:
            without = "`--start-without` (source.start_without) begins without it"
            failures.append(type(error)(f"{str(error).rstrip('.')}; {without}."))

    def open_one(feed: Feed) -> None:
        source = feed.source
        try:
            source.open()
        except EdgeError as error:
            failed(feed, error)
        except Exception as error:  # anybody's source
            told = f"{source.name} cannot be opened: {first_line(error)}"
            failed(feed, SourceError(told))
        except BaseException as error:  # raised below in the caller's thread
            crashes.append(error)
        finally:
            pending.release()

    for feed in feeds:
        name = f"open {feed.source.name}"
        threading.Thread(target=open_one, args=(feed,), name=name, daemon=True).start()
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
