-- Addresses of the vault that coins came to though nobody was given them; and what differs between
-- the ledger, the chain and the vault's holders.

ALTER TABLE vault_address ADD COLUMN unasked boolean NOT NULL DEFAULT false
CHECK (NOT unasked OR participant IS NULL);

CREATE TABLE difference (
    id text COLLATE "C" PRIMARY KEY,
    cause text COLLATE "C" NOT NULL,
    about text COLLATE "C" NOT NULL,
    units numeric(78, 0) NOT NULL,
    detail text NOT NULL,
    actor text NOT NULL CHECK (actor <> ''),
    found_at timestamptz NOT NULL,
    resolved_at timestamptz
);
CREATE UNIQUE INDEX difference_open ON difference (cause, about) WHERE resolved_at IS NULL;
CREATE TRIGGER difference_stays
BEFORE DELETE OR TRUNCATE OR UPDATE OF id, cause, about, units, detail, actor, found_at
ON difference
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE TRIGGER difference_resolved_once BEFORE UPDATE ON difference
FOR EACH ROW WHEN (OLD.resolved_at IS NOT NULL) EXECUTE FUNCTION refuse_edit();

-- Every coin that was booked as it came in, by its outpoint.
CREATE INDEX transfer_deposit ON transfer (cause) INCLUDE (units)
WHERE code IN ('pay_in', 'funding', 'unknown_deposit') AND phase = 'single'
    AND cause ~ '^[0-9a-f]{64}:[0-9]+$';
