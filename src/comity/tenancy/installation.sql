-- The installation's own row, reached by named functions only.

-- name: read
select created_at, clock_offset_s, version from installation_read();

-- name: set_clock
select installation_set_clock(%(offset_s)s);

-- name: add_audit
select installation_audit_add(row(%(id)s, %(at)s, %(actor_kind)s, %(actor_name)s, %(action)s, %(before)s, %(after)s,
                                  %(reason)s, %(request_id)s)::installation_audit);
