-- keys
-- The tables, each with the columns of its primary key.
SELECT
    relation.relname,
    array_agg(
        attribute.attname::text ORDER BY array_position(key.indkey::smallint[], attribute.attnum)
    )
FROM pg_class AS relation
INNER JOIN pg_index AS key ON key.indrelid = relation.oid AND key.indisprimary
INNER JOIN pg_attribute AS attribute
    ON attribute.attrelid = relation.oid
    -- Columns that the index only includes come behind those of the key.
    AND array_position(key.indkey::smallint[], attribute.attnum) < key.indnkeyatts
WHERE relation.relnamespace = 'public'::regnamespace AND relation.relkind = 'r'
GROUP BY relation.relname
ORDER BY relation.relname;
