-- The installation's own row, reached by named functions only.

-- name: read
select created_at, clock_offset_s, version, consumer_available_from from installation_read();

-- name: set_clock
select installation_set_clock(%(offset_s)s);

-- name: set_consumer_date
select installation_set_consumer_date(%(available_from)s);

-- name: audit_since
select at, actor_name, action, before, after, reason from installation_audit_since(%(action)s, %(since)s);

-- name: add_audit
select installation_audit_add(row(%(id)s, %(at)s, %(actor_kind)s, %(actor_name)s, %(action)s, %(before)s, %(after)s,
                                  %(reason)s, %(request_id)s)::installation_audit);
