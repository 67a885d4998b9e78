"""Customers who share five keys with one shop, made by the database itself so that 200,000 take seconds.

Customer number n holds the token `ccxa_bench<n>` and is known to the shop as `ccxu_bench<n>`, so that a
load generator can check without a list that an answer belongs to whoever asked. `ccxa_bound<n>` is the
same, bound to a key (RFC 9449). The application `bench` has a secret, and the token `ccxa_shop` for the shop's
own work: to send what its customers buy.

Keys are UUIDv7 and one customer's rows lie together, as the broker itself would have written them.
"""

import json

import psycopg

from ccx_broker.kit.migrations import migrate

STATED = {"buy.store": '"367"', "contact.channel": '"email"', "discover.own_brand": '"fine"'}
GUESSED = {
    "buy.day_time": '{"day": "sat", "slot": "evening"}',
    "discover.categories": '["SOFT DRINKS", "FLUID MILK PRODUCTS", "CHEESE", "BAKED BREAD"]',
}
KEYS = sorted({*STATED, *GUESSED})
SECRET = "ccxk_bench"

ROWS = (
    "INSERT INTO organisations VALUES (uuidv7(), 'Shop', NULL, now())",
    """INSERT INTO customers
       SELECT uuidv7(), 'c' || n || '@example.org', n::text, now() FROM generate_series(1, %(count)s) n""",
    """INSERT INTO grants
       SELECT customer_id, uuidv7(), organisation_id, 'bench', 'ccxu_bench' || c.name, 1, %(keys)s,
              '{dpv:ServiceProvision}', true, true, now(), now() + interval '1 year', NULL, NULL
         FROM customers c, organisations""",
    """INSERT INTO applications (client_id, organisation_id, name, auth_method, secret_hash, dpop_bound,
                                 redirect_uris, post_logout_redirect_uris, scopes, purposes, created_at)
       SELECT 'bench', organisation_id, 'Bench', 'client_secret_basic', sha256(%(secret)s::bytea), false,
              '{}', '{}', '{events:write}', '[]', now()
         FROM organisations""",
    "INSERT INTO customer_subjects SELECT customer_id, organisation_id, subject FROM grants",
    "INSERT INTO subjects SELECT subject, organisation_id, customer_id FROM grants",
    """INSERT INTO access_tokens (token_hash, client_id, organisation_id, customer_id, grant_id, family_id,
                                   scopes, keys, audience, issued_at, expires_at)
       SELECT sha256(('ccxa_bench' || c.name)::bytea), 'bench', organisation_id, customer_id, grant_id,
              uuidv7(), '{}', keys, 'api', now(), now() + interval '1 day'
         FROM grants JOIN customers c USING (customer_id)""",
    """INSERT INTO access_tokens (token_hash, client_id, organisation_id, family_id, scopes, keys, audience,
                                   issued_at, expires_at)
       SELECT sha256('ccxa_shop'::bytea), 'bench', organisation_id, uuidv7(), '{events:write}', '{}', 'api',
              now(), now() + interval '1 day'
         FROM organisations""",
)
BOUND = """
    INSERT INTO access_tokens (token_hash, client_id, organisation_id, customer_id, grant_id, family_id,
                               scopes, keys, audience, jkt, issued_at, expires_at)
    SELECT sha256(('ccxa_bound' || c.name)::bytea), 'bench', organisation_id, customer_id, grant_id,
           uuidv7(), '{}', keys, 'api', %(jkt)s, now(), now() + interval '1 day'
      FROM grants JOIN customers c USING (customer_id)
"""
STATE = """
    INSERT INTO preferences
    SELECT customer_id, key, 1, value::jsonb, 'stated', 'want', NULL, now() FROM customers, json_each_text(%s::json)
"""
GUESS = """
    INSERT INTO defaults
    SELECT customer_id, key, 'offered', value::jsonb, 0.82, '{"sentence": "On 18 of 24 visits."}', now()
      FROM customers, json_each_text(%s::json)
"""


def seed(cluster: str, customers: int, jkt: str | None = None, *, name: str = "reads") -> str:
    """Make a migrated database with so many customers beside the one at `cluster`; return its address.

    With the thumbprint of a key, each has a token bound to it too.
    """
    name = f"bench_{name}_{customers}"
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = cluster.replace("/ccx?", f"/{name}?")
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        values = {"count": customers, "keys": KEYS, "secret": SECRET, "jkt": jkt}
        for rows in [*ROWS, BOUND] if jkt else ROWS:
            connection.execute(rows, values)
        connection.execute(STATE, (json.dumps(STATED),))
        connection.execute(GUESS, (json.dumps(GUESSED),))
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")  # lest these rows be written to disk while reads are measured
    return url


def ledger_lines(url: str) -> int:
    """Count the ledger's lines."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM disclosures").fetchone()
    assert row is not None
    count: int = row[0]
    return count
