-- What an obligation ships, from where to where, and on which vessel.

CREATE TABLE carriage (
    obligation text COLLATE "C" NOT NULL,
    document text NOT NULL,
    loading text NOT NULL CHECK (loading ~ '^[A-Z]{2}[A-Z2-9]{3}$'),
    discharge text NOT NULL CHECK (discharge ~ '^[A-Z]{2}[A-Z2-9]{3}$'),
    origin text NOT NULL CHECK (origin ~ '^[A-Z]{2}$'),
    destination text NOT NULL CHECK (destination ~ '^[A-Z]{2}$'),
    vessel text NOT NULL
);
CALL make_register('carriage', true);
CREATE INDEX carriage_of ON carriage (obligation);
CREATE INDEX carriage_on ON carriage (vessel);
