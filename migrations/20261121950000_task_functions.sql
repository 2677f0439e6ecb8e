-- Binaries that only leave work to others reach tasks through two functions and not otherwise: who
-- breaks into one of them can neither take work away nor see whose it is.

ALTER FUNCTION task_enqueue(text, text, bigint) SECURITY DEFINER SET search_path = public, pg_temp;

-- Takes back a task that waits, because what it was to confirm is confirmed.
CREATE FUNCTION task_withdraw(p_kind text, p_subject text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF p_kind NOT LIKE '%.confirm' THEN
        RAISE EXCEPTION 'tasks of kind % are not taken back', p_kind USING ERRCODE = '42501';
    END IF;
    DELETE FROM tasks
    WHERE kind = p_kind AND subject = p_subject AND dead_at IS NULL AND worker IS NULL;
END $$;

REVOKE EXECUTE ON FUNCTION task_enqueue, task_withdraw, task_intervene, task_adopt FROM PUBLIC;
GRANT EXECUTE ON FUNCTION task_enqueue, task_withdraw
    TO switchboard_api, switchboard_webhook, switchboard_worker, switchboard_app;
GRANT EXECUTE ON FUNCTION task_enqueue, task_intervene TO switchboard_operator;
GRANT EXECUTE ON FUNCTION task_adopt TO switchboard_worker, switchboard_app;
GRANT EXECUTE ON FUNCTION task_intervene TO switchboard_app;
REVOKE ALL ON tasks FROM switchboard_api, switchboard_webhook;
