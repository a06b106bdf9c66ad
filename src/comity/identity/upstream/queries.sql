-- The tenant's own sign-in service.

-- name: get
select tenant_id, display_name, issuer, client_id, sealed_secret, claim, scopes, version
from upstream_provider where tenant_id = %(tenant_id)s;

-- name: put
insert into upstream_provider (tenant_id, display_name, issuer, client_id, sealed_secret, claim, scopes, changed_at, version)
values (%(tenant_id)s, %(display_name)s, %(issuer)s, %(client_id)s, %(sealed_secret)s, %(claim)s, %(scopes)s, %(at)s, 1)
on conflict (tenant_id) do update
  set display_name = excluded.display_name, issuer = excluded.issuer, client_id = excluded.client_id,
      sealed_secret = excluded.sealed_secret, claim = excluded.claim, scopes = excluded.scopes,
      changed_at = excluded.changed_at, version = upstream_provider.version + 1;

-- name: drop
delete from upstream_provider where tenant_id = %(tenant_id)s returning issuer;
