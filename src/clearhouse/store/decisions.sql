-- count
SELECT count(*) FROM journal
WHERE kind = 'GateDecided' AND recorded_at >= %(since)s;

-- decided
SELECT position, body, recorded_at FROM journal
WHERE kind = 'GateDecided' AND recorded_at >= %(since)s
    AND position > %(after)s AND position <= %(until)s
ORDER BY position LIMIT %(limit)s;

-- dealings
SELECT position, body FROM journal WHERE kind = 'DealingLicensed' ORDER BY position;

-- fixings
SELECT journal.position, rate.quote, rate.numerator, rate.denominator, rate.as_of
FROM rate
INNER JOIN journal ON journal.subject = rate.id
WHERE rate.base = %(base)s AND journal.kind = 'RateFixed' AND journal.kind <> 'TransferRecorded'
ORDER BY journal.position;

-- held_since
-- When each was first held, without having been cleared or denied since.
SELECT subject, min(recorded_at)
FROM journal AS one
WHERE kind = 'GateDecided' AND kind <> 'TransferRecorded' AND subject = ANY(%(ids)s)
    AND position > coalesce((
        SELECT max(position) FROM journal AS other
        WHERE other.kind = 'GateDecided' AND other.kind <> 'TransferRecorded'
            AND other.subject = one.subject
            AND other.body::jsonb ->> 'verdict' <> 'hold'
    ), 0)
GROUP BY subject;

-- newest_held
-- Of what is open and held; all if no ids are given.
SELECT DISTINCT ON (subject) position, body, recorded_at
FROM journal
WHERE kind = 'GateDecided' AND subject IN (
    SELECT id FROM obligation
    WHERE verdict = 'hold' AND state IN ('proposed', 'affirmed', 'cleared')
        AND (%(ids)s::text[] IS NULL OR id = ANY(%(ids)s))
)
ORDER BY subject, position DESC;
