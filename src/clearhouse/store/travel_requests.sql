-- find
SELECT digest, body FROM travel_request
WHERE lei = %(lei)s AND called = %(called)s AND identifier = %(identifier)s;

-- keep
INSERT INTO travel_request (lei, called, identifier, digest, body, taken_at)
VALUES (%(lei)s, %(called)s, %(identifier)s, %(digest)s, %(body)s, %(taken_at)s);

-- forget
DELETE FROM travel_request WHERE taken_at < %(before)s;
