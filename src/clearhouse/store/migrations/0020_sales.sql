-- Registers of mined coin: how it is taxed, the lots that it came in, and what was sold of it.

CREATE TABLE lot_method (
    miner text NOT NULL REFERENCES participant,
    year bigint NOT NULL CHECK (year BETWEEN 2009 AND 9999),
    method text NOT NULL CHECK (method IN ('fifo', 'prorata')),
    currency text NOT NULL
);
CALL make_register('lot_method', true);
CREATE INDEX lot_method_of ON lot_method (miner);

CREATE TABLE mined_lot (
    lot text COLLATE "C" NOT NULL,
    miner text NOT NULL REFERENCES participant,
    units bigint NOT NULL CHECK (units BETWEEN 1 AND 2100000000000000), -- satoshi
    right_on date NOT NULL,
    quote bigint NOT NULL CHECK (quote > 0), -- minor units of the asset for one bitcoin
    asset text NOT NULL,
    venue text NOT NULL,
    official_rate bigint CHECK (official_rate > 0), -- of the asset, in units of 10**-8
    outpoint text COLLATE "C" NOT NULL,
    source text NOT NULL
);
CALL make_filed_register('mined_lot');
CREATE INDEX mined_lot_of ON mined_lot (miner);
CREATE INDEX mined_lot_by_outpoint ON mined_lot (outpoint);
-- A coin came in once.
CREATE UNIQUE INDEX mined_lot_once ON mined_lot (outpoint)
WHERE outpoint <> '' AND replaced_at IS NULL;

CREATE TABLE mined_sale (
    sale text COLLATE "C" NOT NULL,
    miner text NOT NULL REFERENCES participant,
    buyer text NOT NULL REFERENCES participant CHECK (buyer <> miner),
    units bigint NOT NULL CHECK (units BETWEEN 1 AND 2100000000000000), -- satoshi
    sold_on date NOT NULL,
    price bigint NOT NULL CHECK (price >= 0), -- minor units of the asset, for all of it
    quote bigint NOT NULL CHECK (quote > 0), -- minor units of the asset for one bitcoin
    asset text NOT NULL,
    venue text NOT NULL,
    official_rate bigint CHECK (official_rate > 0), -- of the asset, in units of 10**-8
    outpoint text COLLATE "C" NOT NULL
);
CALL make_filed_register('mined_sale');
CREATE INDEX mined_sale_of ON mined_sale (miner);
CREATE INDEX mined_sale_to ON mined_sale (buyer);
