-- People, their keys and roles; commands they signed; and what two of them agreed on.
--
-- Here the database is the last line: nobody acts with a revoked key, nobody approves their own
-- proposal, and nothing that needs two people stands without both.

-- What is personal, encrypted, in the one table that may forget. The journal has the commitment.
CREATE TABLE dossier (
    subject text COLLATE "C" PRIMARY KEY,
    edition integer NOT NULL CHECK (edition > 0),
    commitment text COLLATE "C" NOT NULL,
    erased boolean NOT NULL DEFAULT false
);
CREATE TRIGGER dossier_stays BEFORE DELETE OR TRUNCATE OR UPDATE OF subject ON dossier
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE FUNCTION forget_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erased OR NEW.edition < OLD.edition THEN
        RAISE EXCEPTION 'dossier %: what was erased or replaced does not come back', OLD.subject
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER dossier_forgets_for_good BEFORE UPDATE ON dossier
FOR EACH ROW EXECUTE FUNCTION forget_for_good();

CREATE TABLE sealed_dossier (
    subject text COLLATE "C" PRIMARY KEY REFERENCES dossier,
    edition integer NOT NULL,
    content bytea NOT NULL
);

CREATE FUNCTION stay_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM dossier WHERE subject = NEW.subject AND erased) THEN
        RAISE EXCEPTION 'dossier %: what was erased does not come back', NEW.subject
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER sealed_dossier_stays_forgotten BEFORE INSERT OR UPDATE ON sealed_dossier
FOR EACH ROW EXECUTE FUNCTION stay_forgotten();

-- The two people that the house begins with.
CREATE TABLE founding (
    house text COLLATE "C" PRIMARY KEY,
    founding text COLLATE "C" NOT NULL,
    signatures text [] NOT NULL
);
CREATE UNIQUE INDEX founding_once ON founding ((true));
CREATE TRIGGER founding_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON founding
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE TABLE person (
    id text COLLATE "C" PRIMARY KEY,
    affiliation text COLLATE "C" NOT NULL,
    proposal text COLLATE "C" UNIQUE -- one agreement, one person; null for the founders
);
CREATE TRIGGER person_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON person
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

-- A key is one person's for ever. Places are positions in the journal.
CREATE TABLE person_key (
    key text COLLATE "C" PRIMARY KEY,
    person text COLLATE "C" NOT NULL REFERENCES person,
    proposal text COLLATE "C" UNIQUE,
    registered_at bigint NOT NULL,
    revoked_at bigint CHECK (revoked_at > registered_at),
    UNIQUE (key, person)
);
CREATE TRIGGER person_key_stays
BEFORE DELETE OR TRUNCATE OR UPDATE OF key, person, proposal, registered_at ON person_key
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE FUNCTION revoke_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'key % was revoked, and stays so', OLD.key USING ERRCODE = 'check_violation';
END;
$$;
CREATE TRIGGER person_key_revoked_once BEFORE UPDATE ON person_key
FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL) EXECUTE FUNCTION revoke_once();

CREATE TABLE person_role (
    person text COLLATE "C" NOT NULL REFERENCES person,
    role text COLLATE "C" NOT NULL CHECK (role IN (
        'administrator', 'operator', 'compliance', 'trader', 'supervisor', 'auditor'
    )),
    proposal text COLLATE "C" UNIQUE,
    granted_at bigint NOT NULL,
    withdrawn_at bigint CHECK (withdrawn_at > granted_at),
    withdrawn_by text COLLATE "C" UNIQUE, -- the proposal
    PRIMARY KEY (person, role, granted_at),
    CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);
CREATE UNIQUE INDEX person_role_held ON person_role (person, role) WHERE withdrawn_at IS NULL;
CREATE TRIGGER person_role_stays
BEFORE DELETE OR TRUNCATE OR UPDATE OF person, role, proposal, granted_at ON person_role
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

-- Commands as they were signed.
CREATE TABLE command (
    id text COLLATE "C" PRIMARY KEY,
    person text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    content text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL CHECK (
        digest = encode(sha256(convert_to(content, 'UTF8')), 'hex')
    ),
    signature text COLLATE "C" NOT NULL,
    position bigint NOT NULL UNIQUE,
    FOREIGN KEY (key, person) REFERENCES person_key (key, person),
    UNIQUE (id, person),
    UNIQUE (id, digest)
);
CREATE TRIGGER command_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON command
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE FUNCTION need_live_key() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    revoked boolean;
BEGIN
    -- Locked, so that it is not revoked meanwhile either.
    SELECT revoked_at IS NOT NULL INTO revoked FROM person_key WHERE key = NEW.key FOR SHARE;
    IF revoked THEN
        RAISE EXCEPTION 'key % was revoked', NEW.key USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER command_needs_live_key BEFORE INSERT ON command
FOR EACH ROW EXECUTE FUNCTION need_live_key();

INSERT INTO arrow (machine, state_from, state_to) VALUES
('proposal', 'waiting', 'approved'),
('proposal', 'waiting', 'declined'),
('proposal', 'waiting', 'expired');

CREATE TABLE proposal (
    id text COLLATE "C" PRIMARY KEY,
    maker text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    expires_at timestamptz NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (
        state IN ('waiting', 'approved', 'declined', 'expired')
    ),
    FOREIGN KEY (id, maker) REFERENCES command (id, person),
    FOREIGN KEY (id, digest) REFERENCES command (id, digest),
    UNIQUE (id, maker),
    UNIQUE (id, digest)
);
CREATE INDEX proposal_waiting ON proposal (expires_at) WHERE state = 'waiting';
CREATE TRIGGER proposal_stays
BEFORE DELETE OR TRUNCATE OR UPDATE OF id, maker, digest, expires_at ON proposal
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE TRIGGER proposal_follows_arrows BEFORE UPDATE OF state ON proposal
FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION follow_arrows('proposal');

-- The second person: another one, with a command of their own, over what was proposed.
CREATE TABLE approval (
    proposal text COLLATE "C" PRIMARY KEY,
    maker text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    command text COLLATE "C" NOT NULL UNIQUE,
    approver text COLLATE "C" NOT NULL,
    FOREIGN KEY (proposal, maker) REFERENCES proposal (id, maker),
    FOREIGN KEY (proposal, digest) REFERENCES proposal (id, digest),
    FOREIGN KEY (command, approver) REFERENCES command (id, person),
    CONSTRAINT approval_by_another_person CHECK (approver <> maker)
);
CREATE TRIGGER approval_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON approval
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

-- Its command approves just this proposal, which waits.
CREATE FUNCTION approve_this() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM command
        WHERE id = NEW.command AND content::jsonb ->> 'kind' = 'Approve'
            AND content::jsonb -> 'body'
            @> jsonb_build_object('proposal', NEW.proposal, 'digest', NEW.digest)
    ) OR NOT EXISTS (SELECT FROM proposal WHERE id = NEW.proposal AND state = 'waiting') THEN
        RAISE EXCEPTION '% does not approve %', NEW.command, NEW.proposal
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER approval_approves_this AFTER INSERT ON approval
FOR EACH ROW EXECUTE FUNCTION approve_this();

CREATE FUNCTION need_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM approval WHERE proposal = NEW.id) THEN
        RAISE EXCEPTION 'proposal % has no approval', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER proposal_needs_approval BEFORE UPDATE OF state ON proposal
FOR EACH ROW WHEN (NEW.state = 'approved') EXECUTE FUNCTION need_approval();
CREATE TRIGGER proposal_begins_waiting BEFORE INSERT ON proposal
FOR EACH ROW WHEN (NEW.state <> 'waiting') EXECUTE FUNCTION need_approval();

-- What needs two people names the proposal in which they agreed on just that. The two founders
-- alone have none.
CREATE FUNCTION agreed_on(proposal_id text, kinds text [], body jsonb) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT
        FROM proposal INNER JOIN command USING (id)
        WHERE id = proposal_id AND state = 'approved'
            AND content::jsonb ->> 'kind' = ANY(kinds)
            AND content::jsonb -> 'body' @> body
    );
$$;
CREATE FUNCTION is_founder(said jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM founding
        CROSS JOIN LATERAL jsonb_array_elements(founding.founding::jsonb -> 'founders') AS one
        WHERE one @> said
    );
$$;
CREATE FUNCTION need_agreement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said jsonb := to_jsonb(NEW);
    agreed boolean;
BEGIN
    agreed := CASE TG_TABLE_NAME
        WHEN 'person' THEN agreed_on(
            NEW.proposal, '{EnrolPerson}',
            jsonb_build_object('person', said -> 'id', 'affiliation', said -> 'affiliation')
        )
        WHEN 'person_key' THEN agreed_on(
            NEW.proposal, '{EnrolPerson,RegisterKey}',
            jsonb_build_object('person', said -> 'person', 'key', said -> 'key')
        )
        WHEN 'person_role' THEN agreed_on(
            NEW.proposal, '{GrantRole}',
            jsonb_build_object('person', said -> 'person', 'role', said -> 'role')
        )
        WHEN 'release' THEN agreed_on(
            NEW.proposal, '{ReleaseCycle}',
            jsonb_build_object('cycle', said -> 'cycle', 'digest', said -> 'digest')
        )
    END;
    IF NEW.proposal IS NULL THEN
        agreed := CASE TG_TABLE_NAME
            WHEN 'person' THEN is_founder(
                jsonb_build_object('person', said -> 'id', 'affiliation', said -> 'affiliation')
            )
            WHEN 'person_key' THEN is_founder(
                jsonb_build_object('person', said -> 'person', 'key', said -> 'key')
            )
            WHEN 'person_role' THEN said ->> 'role' = 'administrator'
                AND is_founder(jsonb_build_object('person', said -> 'person'))
        END;
    END IF;
    IF agreed IS NOT TRUE THEN
        RAISE EXCEPTION '%: two people have not agreed on it', TG_TABLE_NAME
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE UNIQUE INDEX person_role_founded ON person_role (person) WHERE proposal IS NULL;
CREATE TRIGGER person_needs_agreement BEFORE INSERT ON person
FOR EACH ROW EXECUTE FUNCTION need_agreement();
CREATE TRIGGER person_key_needs_agreement BEFORE INSERT ON person_key
FOR EACH ROW EXECUTE FUNCTION need_agreement();
CREATE TRIGGER person_role_needs_agreement BEFORE INSERT ON person_role
FOR EACH ROW EXECUTE FUNCTION need_agreement();

CREATE FUNCTION need_withdrawal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL OR agreed_on(
        NEW.withdrawn_by, '{WithdrawRole}',
        jsonb_build_object('person', NEW.person, 'role', NEW.role)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'role: two people have not agreed on it' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER person_role_withdrawn_by_two BEFORE UPDATE ON person_role
FOR EACH ROW EXECUTE FUNCTION need_withdrawal();

-- What is personal is erased by two people, or when nobody was enrolled after all.
CREATE FUNCTION need_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM proposal INNER JOIN command USING (id)
        WHERE content::jsonb -> 'body' @> jsonb_build_object('subject', NEW.subject)
            AND content::jsonb ->> 'kind' = 'EraseDossier' AND state = 'approved'
    ) AND NOT EXISTS (
        SELECT FROM proposal INNER JOIN command USING (id)
        WHERE content::jsonb -> 'body' @> jsonb_build_object('person', NEW.subject)
            AND content::jsonb ->> 'kind' = 'EnrolPerson' AND state IN ('declined', 'expired')
    ) THEN
        RAISE EXCEPTION 'dossier %: two people have not agreed to erase it', NEW.subject
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER dossier_erased_by_two BEFORE UPDATE ON dossier
FOR EACH ROW WHEN (NEW.erased AND NOT OLD.erased) EXECUTE FUNCTION need_erasure();
CREATE FUNCTION keep_what_is_not_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM dossier WHERE subject = OLD.subject AND erased) THEN
        RAISE EXCEPTION 'dossier %: it is not erased', OLD.subject
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
END;
$$;
CREATE TRIGGER sealed_dossier_kept BEFORE DELETE ON sealed_dossier
FOR EACH ROW EXECUTE FUNCTION keep_what_is_not_erased();
CREATE TRIGGER sealed_dossier_stays BEFORE TRUNCATE ON sealed_dossier
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE TABLE release (
    cycle text PRIMARY KEY REFERENCES cycle,
    digest text COLLATE "C" NOT NULL,
    proposal text COLLATE "C" NOT NULL UNIQUE REFERENCES proposal
);
CREATE TRIGGER release_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON release
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE TRIGGER release_needs_agreement BEFORE INSERT ON release
FOR EACH ROW EXECUTE FUNCTION need_agreement();

-- A batch that was signed stays what it is.
CREATE TRIGGER cycle_keeps_its_batch BEFORE UPDATE OF txid, raw, fee ON cycle
FOR EACH ROW WHEN (
    OLD.txid IS NOT NULL
    AND (OLD.txid, OLD.raw, OLD.fee) IS DISTINCT FROM (NEW.txid, NEW.raw, NEW.fee)
)
EXECUTE FUNCTION refuse_edit();

CREATE FUNCTION need_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM release WHERE cycle = NEW.id) THEN
        RAISE EXCEPTION 'cycle % is not released', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER cycle_needs_release BEFORE UPDATE OF state ON cycle
FOR EACH ROW WHEN (OLD.state <> NEW.state AND NEW.state = 'signed')
EXECUTE FUNCTION need_release();
