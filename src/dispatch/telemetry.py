"""Logs and metrics: JSON lines with request and incident ids, Prometheus histograms for what must be quick.

No raw personal data in logs, ever.
"""

import logging
import sys
from contextvars import ContextVar
from typing import Final

import orjson
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from dispatch.domain.incident import EXERCISES

request_id: ContextVar[str] = ContextVar("request_id", default="-")

_QUICK: Final = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
REGISTRY: Final = CollectorRegistry()
_OF: Final = "exercise"
"""The label of whatever comes of incidents: `actual`, `exercise` or `test`, so that drills leave the figures clean."""


def _seconds(name: str, what: str) -> Histogram:
    made = Histogram(name, what, [_OF], buckets=_QUICK, registry=REGISTRY)
    for exercise in EXERCISES:
        made.labels(exercise)  # counts from 0, not from its first
    return made


INTAKE: Final = _seconds("dispatch_intake_seconds", "A call: request read → answered")
DECISION: Final = _seconds("dispatch_decision_seconds", "Routing a call in memory")
PUSH: Final = _seconds("dispatch_push_seconds", "A change: committed → offered to the sockets")
TIMER_LATENESS: Final = _seconds("dispatch_timer_lateness_seconds", "A timer: due → acted on")
REQUESTS: Final = Counter("dispatch_requests_total", "Requests answered", ["method", "status"], registry=REGISTRY)
SOCKETS: Final = Gauge("dispatch_sockets", "Open websockets", ["scope"], registry=REGISTRY)
OUTBOX_LAG: Final = Gauge(
    "dispatch_outbox_lag_seconds", "Age of the oldest change seen late by the relay's last pass", registry=REGISTRY
)
HELD_BEYOND: Final = Gauge(
    "dispatch_outbox_beyond_watermark", "Changes delivered ahead of the watermark", registry=REGISTRY
)
SLOW_CONSUMERS: Final = Counter(
    "dispatch_slow_consumers_total", "Sockets dropped for reading too slowly", registry=REGISTRY
)
LOOP_FAILURES: Final = Counter(
    "dispatch_loop_failures_total", "Passes of a loop that failed", ["loop"], registry=REGISTRY
)
RULESET_REFUSED: Final = Gauge(
    "dispatch_ruleset_refused",
    "The version that should be in use and cannot be read, 0 if there is none",
    registry=REGISTRY,
)
DELIVERIES: Final = Counter(
    "dispatch_deliveries_total", "Delivery attempts ended", ["channel", "state", _OF], registry=REGISTRY
)
AUDITS: Final = Counter(
    "dispatch_audit_passes_total", "Audits by how they ended: well, findings, failed", ["result"], registry=REGISTRY
)
AUDIT_FINDINGS: Final = Gauge(
    "dispatch_audit_findings", "What the last audit found, by its code", ["code"], registry=REGISTRY
)
DEAD_MAN_SIGNS: Final = Counter(
    "dispatch_dead_man_signs_total",
    "Signs of life to the dead man's switch: given, lost",
    ["result"],
    registry=REGISTRY,
)
KIT_WRITES: Final = Counter(
    "dispatch_kit_writes_total",
    "Kits for the hours without the service: written, failed",
    ["result"],
    registry=REGISTRY,
)
RULES_FINDINGS: Final = Gauge(
    "dispatch_rules_findings", "What the last lint of the rules in force found", ["level"], registry=REGISTRY
)


class JsonLines(logging.Formatter):
    """One JSON object a line: when, how grave, who says it, what, in which request, and whatever else was given."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        said: dict[str, object] = {
            "at": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
        }
        said.update((key, value) for key, value in record.__dict__.items() if key not in _OF_EVERY_RECORD)
        if record.exc_info:
            said["exc_info"] = self.formatException(record.exc_info)
        return orjson.dumps(said, default=str, option=orjson.OPT_NON_STR_KEYS).decode()

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """Write the instant; the second's text is made once a second."""
        del datefmt
        second = int(record.created)
        if second != self._second:
            self._second, self._text = second, super().formatTime(record, "%Y-%m-%d %H:%M:%S")
        return f"{self._text},{int(record.msecs):03d}"

    _second = 0
    _text = ""


_OF_EVERY_RECORD: Final = frozenset(
    (*logging.LogRecord("", 0, "", 0, "", None, None).__dict__, "message", "asctime", "taskName", "color_message")
)


SOCKETS_LOG: Final = "uvicorn.sockets"
"""Where the web server tells of each socket that opens and closes."""


def configure_logs(level: str) -> None:
    """Send JSON lines to standard error, the web server's among them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("httpx", SOCKETS_LOG):
        logging.getLogger(name).setLevel("WARNING")
