-- find
SELECT dossier.edition, commitment, erased, content
FROM dossier LEFT JOIN sealed_dossier USING (subject)
WHERE subject = %(subject)s;

-- find_many
SELECT subject, dossier.edition, commitment, erased, content
FROM dossier LEFT JOIN sealed_dossier USING (subject)
WHERE subject = ANY(%(subjects)s);

-- put
INSERT INTO sealed_dossier (subject, edition, content)
VALUES (%(subject)s, %(edition)s, %(content)s)
ON CONFLICT (subject) DO UPDATE SET edition = excluded.edition, content = excluded.content;

-- keep
INSERT INTO dossier (subject, edition, commitment)
VALUES (%(subject)s, %(edition)s, %(commitment)s)
ON CONFLICT (subject)
DO UPDATE SET edition = excluded.edition, commitment = excluded.commitment;

-- mark_erased
UPDATE dossier SET erased = true WHERE subject = %(subject)s;

-- forget
DELETE FROM sealed_dossier WHERE subject = %(subject)s;

-- erased
SELECT subject FROM dossier
WHERE erased AND EXISTS (
    SELECT FROM journal WHERE journal.subject = dossier.subject AND kind = 'DossierErased'
);
