-- Where coins came from; and coins that are kept apart because somebody listed has paid them.

CREATE TABLE coin_source (
    participant text COLLATE "C" NOT NULL, -- or 'house'
    outpoint text COLLATE "C" NOT NULL CHECK (outpoint ~ '^[0-9a-f]{64}:[0-9]+$'),
    address text COLLATE "C" NOT NULL CHECK (address <> ''),
    seen_at timestamptz NOT NULL
);
CALL make_register('coin_source', false);
ALTER TABLE coin_source ADD CHECK (proposal IS NULL);
CREATE INDEX coin_source_of ON coin_source (participant);
-- A coin is looked at once, when it is booked.
CREATE UNIQUE INDEX coin_source_once ON coin_source (key);

DROP INDEX transfer_deposit;
CREATE INDEX transfer_deposit ON transfer (cause) INCLUDE (units, code)
WHERE code IN ('pay_in', 'funding', 'unknown_deposit', 'quarantine') AND phase = 'single'
    AND cause ~ '^[0-9a-f]{64}:[0-9]+$';
