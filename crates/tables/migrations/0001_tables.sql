-- What a hub writes. Analysts read the views of the schema freehold; these tables may change with a newer version.
--
-- Every table begins its primary key with the relationship, and nothing joins two of them: any engine that spreads
-- tables by one column takes them as they are, one statement each.

create table freehold_tables.customers (
    relationship uuid primary key,
    customer text,
    did text not null,
    since timestamptz not null,
    changed timestamptz not null,
    n bigint not null
);
comment on table freehold_tables.customers is 'One row for each relationship: one person and this vendor.';
comment on column freehold_tables.customers.relationship is 'The UUID of the relationship at this hub; every table is keyed by it.';
comment on column freehold_tables.customers.customer is 'The vendor''s own reference, as it was given with the invitation; null without one.';
comment on column freehold_tables.customers.did is 'The person''s pairwise DID; it changes when the person rotates.';
comment on column freehold_tables.customers.since is 'When the first event came.';
comment on column freehold_tables.customers.changed is 'When the newest event came.';
comment on column freehold_tables.customers.n is 'The number of that event in the hub''s log.';

create table freehold_tables.grants (
    relationship uuid not null,
    grant_id uuid not null,
    request text not null,
    given timestamptz not null,
    until timestamptz,
    legal_basis text,
    ended timestamptz,
    ended_by text,
    primary key (relationship, grant_id)
);
comment on table freehold_tables.grants is 'What persons gave, also what has ended.';
comment on column freehold_tables.grants.relationship is 'Whose.';
comment on column freehold_tables.grants.grant_id is 'The UUID of the grant''s credential.';
comment on column freehold_tables.grants.request is 'The data request that it answers, as a URN.';
comment on column freehold_tables.grants.given is 'When the hub took and countersigned it.';
comment on column freehold_tables.grants.until is 'When it ends by itself; null for never.';
comment on column freehold_tables.grants.legal_basis is 'The legal basis it names, as an IRI.';
comment on column freehold_tables.grants.ended is 'When its last path ended; null while it stands.';
comment on column freehold_tables.grants.ended_by is 'What ended it: revoked or expired.';

create table freehold_tables.scope (
    relationship uuid not null,
    grant_id uuid not null,
    path text not null,
    purposes text[] not null,
    ended timestamptz,
    primary key (relationship, grant_id, path)
);
comment on table freehold_tables.scope is 'Which field may be used for what under which grant.';
comment on column freehold_tables.scope.relationship is 'Whose.';
comment on column freehold_tables.scope.grant_id is 'Under which grant.';
comment on column freehold_tables.scope.path is 'Which field, such as phone.mobile.';
comment on column freehold_tables.scope.purposes is 'What it may be used for, as IRIs, and for nothing else.';
comment on column freehold_tables.scope.ended is 'When this path was withdrawn or ended; null while it stands.';

create table freehold_tables.fields (
    relationship uuid not null,
    grant_id uuid not null,
    path text not null,
    value text,
    at timestamptz not null,
    n bigint not null,
    primary key (relationship, grant_id, path)
);
comment on table freehold_tables.fields is 'The values that are held now. The only table with values: an erasure deletes its rows.';
comment on column freehold_tables.fields.relationship is 'Whose.';
comment on column freehold_tables.fields.grant_id is 'Under which grant it came.';
comment on column freehold_tables.fields.path is 'Which field.';
comment on column freehold_tables.fields.value is 'Its value; null when the person has none.';
comment on column freehold_tables.fields.at is 'When the hub stored it.';
comment on column freehold_tables.fields.n is 'The number of the event that brought it: a lower one never replaces it.';
-- Space of deleted values is to be used again soon, not once a fifth of the table is dead.
alter table freehold_tables.fields set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50);

create table freehold_tables.events (
    relationship uuid not null,
    id text not null,
    n bigint not null,
    type text not null,
    grant_id uuid,
    paths text[] not null,
    at timestamptz not null,
    details jsonb not null,
    primary key (relationship, id)
);
create index events_at on freehold_tables.events (at);
comment on table freehold_tables.events is 'What happened, without values.';
comment on column freehold_tables.events.relationship is 'Whose.';
comment on column freehold_tables.events.id is 'The event''s id, the same in every sink and delivery.';
comment on column freehold_tables.events.n is 'Its number in the hub''s log.';
comment on column freehold_tables.events.type is 'Its type, such as dev.freehold.update.';
comment on column freehold_tables.events.grant_id is 'The grant that it is about.';
comment on column freehold_tables.events.paths is 'The fields that it names.';
comment on column freehold_tables.events.at is 'When the hub stored it.';
comment on column freehold_tables.events.details is 'What else it says, never a value: request, until, reason, purpose, result, whole.';

create table freehold_tables.outcomes (
    relationship uuid not null,
    event text not null,
    path text not null,
    outcome text not null,
    system text not null,
    at timestamptz not null,
    primary key (relationship, event, path)
);
comment on table freehold_tables.outcomes is 'What persons were told of their updates.';
comment on column freehold_tables.outcomes.relationship is 'Whose.';
comment on column freehold_tables.outcomes.event is 'The id of the update''s event.';
comment on column freehold_tables.outcomes.path is 'Which field.';
comment on column freehold_tables.outcomes.outcome is 'applied, conflict, duplicate or refused.';
comment on column freehold_tables.outcomes.system is 'The system that holds it.';
comment on column freehold_tables.outcomes.at is 'When the person was told.';

create table freehold_tables.cursor (
    hub text primary key,
    n bigint not null,
    at timestamptz not null
);
comment on table freehold_tables.cursor is 'How far each hub is: moved in the transaction that writes the rows.';
comment on column freehold_tables.cursor.hub is 'The hub''s name in events, the first DID of the vendor.';
comment on column freehold_tables.cursor.n is 'The last event whose rows are here.';
comment on column freehold_tables.cursor.at is 'When that was written.';

create view freehold.field_current as
    select f.relationship, c.customer, f.path, f.value, s.purposes, f.grant_id, g.until, f.at
    from freehold_tables.fields f
    join freehold_tables.customers c on c.relationship = f.relationship
    join freehold_tables.grants g on g.relationship = f.relationship and g.grant_id = f.grant_id
    join freehold_tables.scope s
        on s.relationship = f.relationship and s.grant_id = f.grant_id and s.path = f.path
    where s.ended is null;
comment on view freehold.field_current is 'Each value that is held now, with what it may be used for.';

create view freehold.purpose_current as
    select relationship, customer, path, value, unnest(purposes) as purpose, grant_id, until, at
    from freehold.field_current;
comment on view freehold.purpose_current is 'As field_current, a row for each purpose: select the one that you work for.';

create view freehold.customer_current as
    select c.relationship, c.customer, c.did, c.since, c.changed,
        coalesce(
            jsonb_object_agg(f.path, f.value order by f.n) filter (where f.path is not null), '{}'
        ) as fields
    from freehold_tables.customers c
    left join freehold_tables.fields f on f.relationship = c.relationship
    group by c.relationship, c.customer, c.did, c.since, c.changed;
comment on view freehold.customer_current is 'Each customer with all current values as one JSON object from path to value; of two grants the newer value.';

create view freehold.grant_current as
    select g.relationship, c.customer, g.grant_id, g.request, g.legal_basis, s.path, s.purposes, g.given, g.until
    from freehold_tables.grants g
    join freehold_tables.customers c on c.relationship = g.relationship
    join freehold_tables.scope s on s.relationship = g.relationship and s.grant_id = g.grant_id
    where s.ended is null;
comment on view freehold.grant_current is 'What is allowed now: each path of each standing grant with its purposes.';

create view freehold.grant_history as
    select g.relationship, c.customer, g.grant_id, g.request, g.given, g.until, g.ended, g.ended_by
    from freehold_tables.grants g
    join freehold_tables.customers c on c.relationship = g.relationship;
comment on view freehold.grant_history is 'Every grant, from when to when it stood, and what ended it.';

create view freehold.event_log as
    select e.relationship, c.customer, e.n, e.id, e.type, e.grant_id, e.paths, e.at, e.details
    from freehold_tables.events e
    join freehold_tables.customers c on c.relationship = e.relationship;
comment on view freehold.event_log is 'What happened, without values.';

create view freehold.outcome_log as
    select o.relationship, c.customer, o.event, o.path, o.outcome, o.system, o.at
    from freehold_tables.outcomes o
    join freehold_tables.customers c on c.relationship = o.relationship;
comment on view freehold.outcome_log is 'What persons were told of their updates, field by field.';

create view freehold.hub_progress as select hub, n, at from freehold_tables.cursor;
comment on view freehold.hub_progress is 'How far each hub is.';
