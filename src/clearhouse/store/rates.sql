-- add
INSERT INTO rate (id, base, quote, numerator, denominator, as_of, method, source, venues)
VALUES (
    %(id)s, %(base)s, %(quote)s, %(numerator)s, %(denominator)s, %(as_of)s, %(method)s,
    %(source)s, %(venues)s
);

-- is_fixed
SELECT FROM rate WHERE id = %(id)s;

-- newest
SELECT DISTINCT ON (quote)
    id, quote, numerator, denominator, as_of, method, source, venues
FROM rate WHERE base = %(base)s AND as_of <= %(now)s
ORDER BY quote, as_of DESC, id;
