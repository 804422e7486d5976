-- Work that waits for its time, and readers of the journal. None of it is a fact: it says where
-- work stands, and is no part of what a replay makes.

CREATE TABLE job (
    kind text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    due_at timestamptz NOT NULL,
    lease_until timestamptz, -- somebody is at it, until then
    -- Rises with each lease: whoever lost theirs writes nothing any more.
    fence bigint NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0), -- that failed, in a row
    begun integer NOT NULL DEFAULT 0, -- and never ended: whoever was at it died
    stuck boolean NOT NULL DEFAULT false,
    code text COLLATE "C" NOT NULL DEFAULT '', -- why it failed last
    detail text NOT NULL DEFAULT '',
    actor text COLLATE "C" NOT NULL DEFAULT '', -- who must act
    PRIMARY KEY (kind, key)
);
CREATE INDEX job_due ON job (due_at) WHERE NOT stuck;

-- How far each reader has read the journal.
CREATE TABLE consumer (
    name text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL CHECK (position >= 0)
);

ALTER TABLE pay_in ADD COLUMN overdue boolean NOT NULL DEFAULT false;
CREATE TRIGGER pay_in_overdue_stays BEFORE UPDATE OF overdue ON pay_in
FOR EACH ROW WHEN (OLD.overdue AND NOT NEW.overdue) EXECUTE FUNCTION refuse_edit();
