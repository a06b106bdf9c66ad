"""What /metrics says: requests, the pool, old transactions, lagging readers. No tenant is named or numbered."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest

from comity import __version__
from comity.db.health import Figures
from comity.web.routing import Route

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """The figures of one process, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "comity_requests", "Requests answered.", ["door", "route", "method", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "comity_request_seconds", "Time to the answer.", ["door"], buckets=BUCKETS_S, registry=self._registry
        )
        self._in_work = Gauge("comity_requests_in_work", "Requests in work now.", registry=self._registry)
        self._pool = Gauge(
            "comity_pool", "The pool of database connections, by its own names.", ["figure"], registry=self._registry
        )
        self._oldest = Gauge(
            "comity_oldest_transaction_seconds", "Age of the oldest open transaction; 0 if none is open.",
            registry=self._registry,
        )  # fmt: skip
        self._lag = Gauge(
            "comity_feed_lag_entries", "Feed entries that a consumer has yet to read, in the tenant where most wait.",
            ["consumer"], registry=self._registry,
        )  # fmt: skip
        build = Gauge("comity_build_info", "The version that runs.", ["version"], registry=self._registry)
        build.labels(__version__).set(1)

    def answered(self, route: Route | None, *, status: int, seconds: float) -> None:
        """Count one answer; a path that leads nowhere counts without its text, which anybody can make up."""
        door, path, method = (route.door.value, route.path, route.method) if route else ("none", "", "")
        self._requests.labels(door, path, method, str(status)).inc()
        self._seconds.labels(door).observe(seconds)

    def text(self, *, in_work: int, pool: dict[str, int], figures: Figures | None) -> bytes:
        """Everything in Prometheus' text format; without the database's figures if it does not answer."""
        self._in_work.set(in_work)
        for name, value in pool.items():
            self._pool.labels(name).set(value)
        self._lag.clear()
        self._oldest.set(figures.oldest_transaction_s if figures else float("nan"))
        if figures:
            for consumer, entries in figures.feed_lag.items():
                self._lag.labels(consumer).set(entries)
        return generate_latest(self._registry)
