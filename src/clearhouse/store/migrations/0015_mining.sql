-- Registers of mining: sites, their meters and what these showed, machines, accounts with pools.

CREATE TABLE site (
    site text COLLATE "C" NOT NULL,
    holder text NOT NULL REFERENCES participant,
    region text NOT NULL,
    power text NOT NULL CHECK (power IN ('grid', 'surplus', 'own')),
    isolated boolean NOT NULL CHECK (NOT isolated OR power = 'own'),
    since date NOT NULL,
    until date CHECK (until >= since)
);
CALL make_register('site', true);
CREATE INDEX site_of ON site (holder);
CREATE INDEX site_by_id ON site (site);

CREATE TABLE meter (
    serial text COLLATE "C" NOT NULL,
    site text COLLATE "C" NOT NULL,
    since date NOT NULL,
    until date CHECK (until >= since)
);
CALL make_register('meter', true);
CREATE INDEX meter_of ON meter (site);
CREATE INDEX meter_by_serial ON meter (serial);

CREATE TABLE reading (
    meter text COLLATE "C" NOT NULL,
    read_on date NOT NULL,
    register bigint NOT NULL CHECK (register BETWEEN 0 AND 100000000000000000), -- 0.01 kWh
    begins boolean NOT NULL
);
CALL make_register('reading', true);
CREATE INDEX reading_of ON reading (meter);

CREATE TABLE machine (
    maker text COLLATE "C" NOT NULL,
    model text NOT NULL,
    serial text COLLATE "C" NOT NULL,
    algorithm text NOT NULL CHECK (algorithm = 'SHA-256'),
    hash_rate bigint NOT NULL CHECK (hash_rate > 0), -- GH/s
    joules_per_terahash bigint NOT NULL CHECK (joules_per_terahash > 0), -- hundredths
    site text COLLATE "C" NOT NULL,
    miner text NOT NULL REFERENCES participant,
    since date NOT NULL,
    until date CHECK (until >= since)
);
CALL make_register('machine', true);
CREATE INDEX machine_of ON machine (miner);
CREATE INDEX machine_by_serial ON machine (serial);

CREATE TABLE pool_account (
    miner text NOT NULL REFERENCES participant,
    pool text NOT NULL,
    observer text NOT NULL,
    since date NOT NULL,
    until date CHECK (until >= since)
);
CALL make_register('pool_account', true);
CREATE INDEX pool_account_of ON pool_account (miner);
