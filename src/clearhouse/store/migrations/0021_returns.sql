-- Returns of a month of mining, the network's epochs, and what the house finds of them by itself.

CREATE TABLE miner_return (
    miner text NOT NULL REFERENCES participant,
    month date NOT NULL CHECK (extract(DAY FROM month) = 1),
    coin bigint NOT NULL CHECK (coin >= 0), -- satoshi
    energy bigint NOT NULL CHECK (energy >= 0), -- 0.01 kWh
    pooled boolean NOT NULL,
    addresses text [] NOT NULL CHECK (coin = 0 OR cardinality(addresses) > 0)
);
CALL make_filed_register('miner_return');
CREATE INDEX miner_return_of ON miner_return (miner);
CREATE INDEX miner_return_in ON miner_return (month);

CREATE TABLE operator_return (
    operator text NOT NULL REFERENCES participant,
    month date NOT NULL CHECK (extract(DAY FROM month) = 1),
    energy bigint NOT NULL CHECK (energy >= 0), -- 0.01 kWh
    miners bigint NOT NULL CHECK (miners >= 0)
);
CALL make_filed_register('operator_return');
CREATE INDEX operator_return_of ON operator_return (operator);
CREATE INDEX operator_return_in ON operator_return (month);

CREATE TABLE operator_miner (
    operator text NOT NULL REFERENCES participant,
    month date NOT NULL CHECK (extract(DAY FROM month) = 1),
    miner text NOT NULL REFERENCES participant,
    coin bigint NOT NULL CHECK (coin >= 0), -- satoshi
    energy bigint NOT NULL CHECK (energy >= 0), -- 0.01 kWh
    pool text NOT NULL,
    observer text NOT NULL
);
CALL make_filed_register('operator_miner');
CREATE INDEX operator_miner_of ON operator_miner (operator);
CREATE INDEX operator_miner_about ON operator_miner (miner);

CREATE TABLE operator_tariff (
    operator text NOT NULL REFERENCES participant,
    month date NOT NULL CHECK (extract(DAY FROM month) = 1),
    tariff text NOT NULL,
    energy bigint NOT NULL CHECK (energy >= 0), -- 0.01 kWh
    price bigint NOT NULL CHECK (price >= 0), -- 0.000001 of the currency's unit for a kWh
    currency text NOT NULL
);
CALL make_filed_register('operator_tariff');
CREATE INDEX operator_tariff_of ON operator_tariff (operator);

CREATE TABLE operator_machine (
    operator text NOT NULL REFERENCES participant,
    month date NOT NULL CHECK (extract(DAY FROM month) = 1),
    maker text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    hours bigint NOT NULL CHECK (hours BETWEEN 0 AND 74400) -- 0.01 hours, of 31 days
);
CALL make_filed_register('operator_machine');
CREATE INDEX operator_machine_of ON operator_machine (operator);
CREATE INDEX operator_machine_by_serial ON operator_machine (serial);

CREATE TABLE epoch (
    network text NOT NULL,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > begins_at),
    difficulty bigint NOT NULL CHECK (difficulty > 0), -- hundredths
    reward bigint NOT NULL CHECK (reward > 0), -- satoshi a block
    source text NOT NULL
);
CALL make_filed_register('epoch');
CREATE INDEX epoch_of ON epoch (network);

-- Found by the house itself: nobody orders it, so no row names an order.
CREATE TABLE breach (
    participant text NOT NULL REFERENCES participant,
    about text NOT NULL,
    code text NOT NULL,
    due_at timestamptz NOT NULL,
    found_at timestamptz NOT NULL CHECK (found_at >= due_at),
    fee bigint NOT NULL CHECK (fee >= 0), -- minor units
    currency text NOT NULL CHECK (fee = 0 OR currency <> ''),
    rule text NOT NULL,
    citation text NOT NULL
);
CALL make_register('breach', false);
ALTER TABLE breach ADD CHECK (proposal IS NULL);
CREATE INDEX breach_of ON breach (participant);
-- What was broken is found once: a breach is never said anew.
CREATE UNIQUE INDEX breach_once ON breach (key);

CREATE TABLE review (
    participant text NOT NULL REFERENCES participant,
    month date NOT NULL CHECK (extract(DAY FROM month) = 1),
    code text NOT NULL,
    detail text NOT NULL,
    raised_at timestamptz NOT NULL
);
CALL make_register('review', false);
ALTER TABLE review ADD CHECK (proposal IS NULL);
CREATE INDEX review_of ON review (participant);

CREATE TABLE review_outcome (
    participant text NOT NULL REFERENCES participant,
    month date NOT NULL CHECK (extract(DAY FROM month) = 1),
    code text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('explained', 'corrected', 'referred')),
    said text NOT NULL,
    decided_on date NOT NULL
);
CALL make_filed_register('review_outcome');
CREATE INDEX review_outcome_of ON review_outcome (participant);
