-- What the roles of the binaries need beyond reading and storing tasks.

-- A callback that was applied at once takes its task back.
GRANT DELETE ON tasks TO switchboard_webhook;
-- A sweep leaves alone what an operator has discarded.
GRANT SELECT ON task_audit TO switchboard_worker;
