"""For every kind of test: error-level log lines that nobody expected fail it, and how long to look for examples."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

# The machine may be busy: an example that takes long is not a failure. `make fuzz` takes the long profile.
settings.register_profile("short", max_examples=100, deadline=None)
settings.register_profile("long", max_examples=5_000, deadline=None)
settings.load_profile("short")


@pytest.fixture(autouse=True)
def _no_unexpected_error_log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Watch all loggers, whatever handlers they have; `expects_error_log` lifts the ban for one test."""
    seen: list[str] = []
    handle = logging.Logger.handle

    def watched(logger: logging.Logger, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            seen.append(f"{record.name}: {logging.Formatter().format(record)}")
        handle(logger, record)

    monkeypatch.setattr(logging.Logger, "handle", watched)
    yield
    if seen and request.node.get_closest_marker("expects_error_log") is None:
        pytest.fail("unexpected error-level log lines:\n" + "\n".join(seen), pytrace=False)
