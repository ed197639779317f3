-- The rows of a store. All that belongs to one relationship has its part of the key as `relationship`, what belongs to none has
-- the empty one or, as the data of events, a part of its own. Both tables are spread by it and nothing else, so that a
-- distributed engine can do the same over machines.
create table freehold.records (
    relationship bytea not null,
    key bytea not null,
    value bytea not null,
    primary key (relationship, key)
) partition by hash (relationship);

-- The secrets of those rows that have one. A small table of its own: it is rewritten to be rid of the secrets that were deleted.
create table freehold.record_keys (
    relationship bytea not null,
    key bytea not null,
    secret bytea not null,
    primary key (relationship, key)
) partition by hash (relationship);

-- Ciphertext does not get smaller.
alter table freehold.records alter column value set storage external;

do $$
begin
    for part in 0 .. 15 loop
        execute format(
            'create table freehold.records_%s partition of freehold.records for values with (modulus 16, remainder %s)',
            part, part);
        execute format(
            'create table freehold.record_keys_%s partition of freehold.record_keys for values with (modulus 16, remainder %s)',
            part, part);
    end loop;
end
$$;
