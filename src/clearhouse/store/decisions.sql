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
