"""The installation's signing keys: one signs, one is published ahead, retired ones verify until they are done.

Private halves lie in the database sealed with the key outside it. Every process keeps what it read
for a minute, and reads again when a token names a key that it does not know.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any, Final

from joserfc.jwk import RSAKey

from comity.core.caller import Caller
from comity.core.clock import MachineClock
from comity.core.ids import PERSONAL_REALM
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.errors import Duplicate
from comity.db.transaction import Transaction
from comity.identity import store
from comity.identity.decide import KEYS_FRESH_S, Rotation, plan_rotation
from comity.identity.model import KeyState, SigningKey
from comity.identity.sealing import Sealer

KEY_BITS: Final = 2048
ALGORITHM: Final = "RS256"
UNKNOWN_AGAIN_S: Final = 1.0
"""A token with an unknown key makes us look at most this often: anybody can make up names."""
_PURPOSE: Final = "signing-key"


class KeySet:
    """The keys as this process sees them."""

    def __init__(self, db: Database, sealer: Sealer, machine: MachineClock) -> None:
        self._db = db
        self._sealer = sealer
        self._machine = machine
        self._reading = asyncio.Lock()
        self._read_at: float | None = None
        self._public: dict[str, RSAKey] = {}
        self._published: list[dict[str, Any]] = []
        self._signing: RSAKey | None = None

    async def signing(self) -> RSAKey:
        """The key that signs now."""
        await self._refresh(older_than_s=KEYS_FRESH_S)
        assert self._signing is not None
        return self._signing

    async def verifying(self, kid: str) -> RSAKey | None:
        """The public key of that name, if it is one of ours."""
        await self._refresh(older_than_s=KEYS_FRESH_S)
        if kid not in self._public:
            await self._refresh(older_than_s=UNKNOWN_AGAIN_S)
        return self._public.get(kid)

    async def published(self) -> list[dict[str, Any]]:
        """All public keys as JSON Web Keys (RFC 7517), the coming one included."""
        await self._refresh(older_than_s=KEYS_FRESH_S)
        return self._published

    async def _refresh(self, *, older_than_s: float) -> None:
        if self._is_fresh(older_than_s):
            return
        async with self._reading:
            if self._is_fresh(older_than_s):
                return  # somebody else read while we waited
            keys = await _load_or_create(self._db, self._sealer, self._machine.now())
            jwks = {each.kid: {**json.loads(each.public_jwk), "use": "sig", "alg": ALGORITHM} for each in keys}
            self._public = {kid: RSAKey.import_key(jwk) for kid, jwk in jwks.items()}
            self._published = list(jwks.values())
            self._signing = next(self._unseal(each) for each in keys if each.state is KeyState.CURRENT)
            self._read_at = self._machine.monotonic_s()

    def _is_fresh(self, within_s: float) -> bool:
        return self._read_at is not None and self._machine.monotonic_s() - self._read_at < within_s

    def _unseal(self, key: SigningKey) -> RSAKey:
        if self._signing is not None and self._signing.kid == key.kid:
            return self._signing
        return RSAKey.import_key(json.loads(self._sealer.open(key.sealed_key, purpose=_PURPOSE, name=key.kid)))


async def rotate_keys(
    db: Database, caller: Caller, sealer: Sealer, *, now: datetime, at_once: bool = False
) -> Rotation:
    """Sign with the next key from now on, publish a new next one, forget keys whose last token has expired.

    Other processes follow within a minute. `now` is the machine clock's.

    Raises:
        SigningKeyYoung, PermissionMissing.
    """
    caller.check(Permission.INSTALLATION)
    made = await asyncio.to_thread(_generate, sealer, KeyState.NEXT, now)
    async with db.tenant(PERSONAL_REALM) as tx:
        rotation = plan_rotation(await store.list_keys(tx), now=now, at_once=at_once)
        if rotation.retire:
            await store.move_key(tx, rotation.retire, KeyState.RETIRED, at=now)
        if rotation.promote:
            await store.move_key(tx, rotation.promote, KeyState.CURRENT, at=now)
        await store.add_key(tx, made)
        for kid in rotation.forget:
            await store.drop_key(tx, kid)
        after = {"current": rotation.promote, "next": made.kid, "forgotten": rotation.forget}
        await store.add_installation_audit(
            tx, caller, action="Rotate signing keys", before={"current": rotation.retire}, after=after
        )
    return rotation


async def _load_or_create(db: Database, sealer: Sealer, now: datetime) -> list[SigningKey]:
    async with db.tenant(PERSONAL_REALM) as tx:
        keys = await store.list_keys(tx)
    if any(each.state is KeyState.CURRENT for each in keys):
        return keys
    current = await asyncio.to_thread(_generate, sealer, KeyState.CURRENT, now)
    following = await asyncio.to_thread(_generate, sealer, KeyState.NEXT, now)
    try:
        async with db.tenant(PERSONAL_REALM) as tx:
            await _add_first(tx, current, following)
    except Duplicate:
        pass  # another process made the first keys at the same moment: they are the keys
    async with db.tenant(PERSONAL_REALM) as tx:
        return await store.list_keys(tx)


async def _add_first(tx: Transaction, *keys: SigningKey) -> None:
    for key in keys:
        await store.add_key(tx, key)


def _generate(sealer: Sealer, state: KeyState, now: datetime) -> SigningKey:
    key = RSAKey.generate_key(KEY_BITS)
    kid = key.thumbprint()
    public = {**key.as_dict(private=False), "kid": kid}
    private = {**key.as_dict(private=True), "kid": kid}
    sealed = sealer.seal(json.dumps(private).encode(), purpose=_PURPOSE, name=kid)
    activated_at = now if state is KeyState.CURRENT else None
    return SigningKey(kid, state, json.dumps(public), sealed, now, activated_at, None)
