-- Due rows belong to the installation; named functions are the only way to them.

-- name: put
select due_put(%(kind)s, %(of_tenant)s, %(key)s, %(at)s, %(cause)s);

-- name: claim
-- What is due, promised to us; `lost` if somebody had it before and never finished.
select kind, tenant_id, key, cause, lost
from due_claim(%(kinds)s, %(at)s, %(machine)s, %(lease_until)s, %(starving_since)s, %(at_most)s);

-- name: next_start
select due_next_start(%(kinds)s, %(at)s, %(machine)s);

-- name: take
select attempts, cause from due_take(%(kind)s, %(of_tenant)s, %(key)s, %(run)s, %(machine)s, %(lease_until)s);

-- name: renew
select due_renew(%(kind)s, %(of_tenant)s, %(key)s, %(run)s, %(lease_until)s);

-- name: finish
select due_finish(%(kind)s, %(of_tenant)s, %(key)s, %(run)s, %(again_at)s, %(earliest)s, %(failed)s);

-- name: waiting
-- Orders of a kind, the most urgent first.
select kind, tenant_id, key, due_at, leased_until, attempts from due_list(%(kind)s);

-- name: worker_is_present
select exists (
  select from pg_stat_activity where datname = current_database() and application_name = %(name)s);
