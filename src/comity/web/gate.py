"""How many requests are in work: bounded for the process, and for each tenant (design §7).

Above the bounds the answer comes at once, rather than a slow one to everybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from comity.core.ids import TenantId
from comity.web.errors import Overloaded, TenantBusy


class Gate:
    """Counts; one per process."""

    def __init__(self, *, requests_max: int, requests_per_tenant_max: int) -> None:
        self._requests_max = requests_max
        self._per_tenant_max = requests_per_tenant_max
        self._tenants: Counter[TenantId] = Counter()
        self.in_work = 0

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Take one request on.

        Raises:
            Overloaded.
        """
        if self.in_work >= self._requests_max:
            raise Overloaded(retry_after_s=1)
        self.in_work += 1
        try:
            yield
        finally:
            self.in_work -= 1

    @contextmanager
    def tenant(self, tenant_id: TenantId) -> Iterator[None]:
        """Take one request of this tenant on.

        Raises:
            TenantBusy.
        """
        if self._tenants[tenant_id] >= self._per_tenant_max:
            raise TenantBusy(retry_after_s=1)
        self._tenants[tenant_id] += 1
        try:
            yield
        finally:
            self._tenants[tenant_id] -= 1
            if not self._tenants[tenant_id]:
                del self._tenants[tenant_id]
