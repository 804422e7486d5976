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
