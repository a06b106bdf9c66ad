-- Clean-up of a severed relation, all in the resource tenant's own transactions.

-- name: add_plan
-- The job's place holds the partner: there is no job here, it was the partner's.
insert into sync_plan (tenant_id, id, job_id, run_id, kind, state, guard, proposal, counts, looked_at, stop_asked,
                       from_position, to_position, created_at, expires_at, cause)
values (%(tenant_id)s, %(id)s, %(partner)s, %(undoes)s, 'cleanup', 'planning', '{}', null, '{}', 0, false,
        null, 0, %(at)s, %(expires_at)s, %(id)s);

-- name: accounts
-- Living accounts that stand for people of the partner, by their ids at home.
select id, version, home_user_id from users
where tenant_id = %(tenant_id)s and home_tenant_id = %(partner)s and home_user_id > %(after)s and deleted_at is null
order by home_user_id limit %(at_most)s;

-- name: with_receipts
-- Which of these accounts sync has written.
select distinct target_id from sync_receipt
where tenant_id = %(tenant_id)s and target_id = any (%(ids)s::uuid[]) and source_tenant_id = %(partner)s
  and action in (1, 2, 4, 5);

-- name: count
select count(*) from users
where tenant_id = %(tenant_id)s and home_tenant_id = %(partner)s and deleted_at is null;
