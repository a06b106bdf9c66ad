-- How often somebody was wrong of late; through named functions.

-- name: get
select failures, last_at from attempt_get(%(key)s);

-- name: add
select attempt_add(%(key)s, %(at)s, %(since)s, %(stale_before)s);

-- name: clear
select attempt_clear(%(key)s);
