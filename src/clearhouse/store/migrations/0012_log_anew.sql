-- Entries of the log hide what they say behind salts: the log is made again, from the beginning.

DELETE FROM consumer WHERE name = 'log';
