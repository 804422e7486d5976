-- Several cycles of an asset may be open; of their batches one at a time is on its way.
DROP INDEX cycle_open;
CREATE UNIQUE INDEX cycle_on_its_way ON cycle (asset)
WHERE state IN ('signed', 'broadcast', 'confirmed');
