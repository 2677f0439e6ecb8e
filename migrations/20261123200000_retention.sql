-- What is over is kept for a while and then deleted. Money, orders and events are kept for good.

-- What may be deleted, the oldest first.
CREATE INDEX sms_inbox_settled ON sms_inbox (created_at) WHERE state IN ('APPLIED', 'KNOWN', 'LATE');
CREATE INDEX orphan_activations_seen ON orphan_activations (last_seen_at);
CREATE INDEX task_audit_at ON task_audit (at);
CREATE INDEX customer_audit_at ON customer_audit (at);
CREATE INDEX topups_disputed ON topups (gateway) WHERE state = 'DISPUTED';

-- Deletes up to p_limit rows that have been over for longer than p_keep, and tells how many those
-- were and since when the oldest of the others has been over. Nothing goes that something open
-- refers to. The clock is the database's, and there is a least time for everything: a binary that
-- was broken into, or is configured badly, can delete nothing that is young.
CREATE FUNCTION retention_purge(
    p_what text, p_keep interval, p_limit int, OUT removed bigint, OUT oldest timestamptz
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_before CONSTANT timestamptz := now() - p_keep;
    v_least  CONSTANT interval := CASE p_what
        WHEN 'idempotency_keys' THEN interval '1 day'
        WHEN 'sms_inbox' THEN interval '7 days'
        WHEN 'payment_notices' THEN interval '120 days'
        WHEN 'orphan_activations' THEN interval '7 days'
        WHEN 'task_audit' THEN interval '90 days'
        WHEN 'customer_audit' THEN interval '90 days'
        WHEN 'webhook_messages' THEN interval '1 day' END;
BEGIN
    IF v_least IS NULL THEN
        RAISE EXCEPTION 'nothing of % is deleted', p_what USING ERRCODE = '22023';
    ELSIF p_keep < v_least OR p_limit NOT BETWEEN 1 AND 10000 THEN
        RAISE EXCEPTION '% are kept for %, and deleted by 1 to 10000', p_what, v_least
            USING ERRCODE = '22023';
    END IF;
    CASE p_what
    WHEN 'idempotency_keys' THEN
        DELETE FROM idempotency_keys WHERE (user_id, operation, key) IN (
            SELECT k.user_id, k.operation, k.key FROM idempotency_keys k
            WHERE k.created_at < v_before
              AND NOT EXISTS (SELECT FROM orders o
                              WHERE o.user_id = k.user_id AND o.id = ANY (k.order_ids)
                                AND o.state = 'RESERVING')
            ORDER BY k.created_at LIMIT p_limit FOR UPDATE OF k SKIP LOCKED);
        GET DIAGNOSTICS removed = ROW_COUNT;
        SELECT min(k.created_at) INTO oldest FROM idempotency_keys k;
    WHEN 'sms_inbox' THEN
        DELETE FROM sms_inbox WHERE id IN (
            SELECT i.id FROM sms_inbox i
            WHERE i.state IN ('APPLIED', 'KNOWN', 'LATE') AND i.created_at < v_before
              AND NOT EXISTS (SELECT FROM orders o
                              WHERE o.provider_id = i.provider_id
                                AND o.external_id = i.external_id
                                AND o.state IN ('ACTIVE', 'OTP_RECEIVED'))
              AND NOT EXISTS (SELECT FROM tasks t
                              WHERE t.kind = 'sms.confirm' AND t.subject = i.id::text)
            ORDER BY i.created_at LIMIT p_limit FOR UPDATE OF i SKIP LOCKED);
        GET DIAGNOSTICS removed = ROW_COUNT;
        SELECT min(i.created_at) INTO oldest FROM sms_inbox i
        WHERE i.state IN ('APPLIED', 'KNOWN', 'LATE');
    WHEN 'payment_notices' THEN
        DELETE FROM payment_notices WHERE (gateway, event_id) IN (
            SELECT n.gateway, n.event_id FROM payment_notices n
            WHERE n.received_at < v_before
              AND NOT EXISTS (SELECT FROM tasks t
                              WHERE t.kind = 'payment.confirm'
                                AND t.subject = n.gateway || '/' || n.payment)
              AND NOT EXISTS (SELECT FROM topups t
                              LEFT JOIN payments p ON p.topup_id = t.id
                              WHERE t.state = 'DISPUTED' AND t.gateway = n.gateway
                                AND n.payment IN ('payment:' || t.payment_id, 'topup:' || t.id,
                                                  'payment:' || p.payment_id,
                                                  'alias:' || p.payment_id))
            ORDER BY n.received_at LIMIT p_limit FOR UPDATE OF n SKIP LOCKED);
        GET DIAGNOSTICS removed = ROW_COUNT;
        SELECT min(n.received_at) INTO oldest FROM payment_notices n;
    WHEN 'orphan_activations' THEN
        DELETE FROM orphan_activations WHERE (provider_id, external_id) IN (
            SELECT a.provider_id, a.external_id FROM orphan_activations a
            WHERE a.last_seen_at < v_before
              AND NOT EXISTS (SELECT FROM sms_inbox i
                              WHERE i.provider_id = a.provider_id
                                AND i.external_id = a.external_id AND i.state = 'PENDING')
            ORDER BY a.last_seen_at LIMIT p_limit FOR UPDATE OF a SKIP LOCKED);
        GET DIAGNOSTICS removed = ROW_COUNT;
        SELECT min(a.last_seen_at) INTO oldest FROM orphan_activations a;
    WHEN 'task_audit' THEN
        -- What an operator has discarded stays so: see task_adopt.
        DELETE FROM task_audit WHERE id IN (
            SELECT a.id FROM task_audit a
            WHERE a.at < v_before
              AND NOT (a.action = 'discard' AND a.kind = 'order.close_upstream' AND EXISTS (
                  SELECT FROM orders o WHERE o.upstream_open
                      AND o.id = CASE WHEN a.subject ~ '^[0-9]{1,18}$' THEN a.subject::bigint END))
              AND NOT (a.action = 'discard' AND a.kind = 'sms.confirm' AND EXISTS (
                  SELECT FROM sms_inbox i WHERE i.state = 'PENDING'
                      AND i.id = CASE WHEN a.subject ~ '^[0-9]{1,18}$' THEN a.subject::bigint END))
            ORDER BY a.at LIMIT p_limit FOR UPDATE OF a SKIP LOCKED);
        GET DIAGNOSTICS removed = ROW_COUNT;
        SELECT min(a.at) INTO oldest FROM task_audit a;
    WHEN 'customer_audit' THEN
        -- What is still in force keeps its reason.
        DELETE FROM customer_audit WHERE id IN (
            SELECT a.id FROM customer_audit a
            WHERE a.at < v_before
              AND NOT (a.action = 'ban' AND a.until > now())
              AND NOT (a.action = 'suspend' AND EXISTS (
                  SELECT FROM users u WHERE u.id = a.user_id AND u.suspended_at IS NOT NULL))
            ORDER BY a.at LIMIT p_limit FOR UPDATE OF a SKIP LOCKED);
        GET DIAGNOSTICS removed = ROW_COUNT;
        SELECT min(a.at) INTO oldest FROM customer_audit a;
    WHEN 'webhook_messages' THEN
        -- Their attempts go with them.
        DELETE FROM webhook_messages WHERE id IN (
            SELECT m.id FROM webhook_messages m
            WHERE m.state <> 'waiting' AND m.changed_at < v_before
            ORDER BY m.changed_at LIMIT p_limit FOR UPDATE OF m SKIP LOCKED);
        GET DIAGNOSTICS removed = ROW_COUNT;
        SELECT min(m.changed_at) INTO oldest FROM webhook_messages m WHERE m.state <> 'waiting';
    END CASE;
END $$;

REVOKE EXECUTE ON FUNCTION retention_purge FROM PUBLIC;
GRANT EXECUTE ON FUNCTION retention_purge TO switchboard_worker, switchboard_app;

-- From now on this is the only way.
REVOKE DELETE ON payment_notices, orphan_activations FROM switchboard_worker, switchboard_app;
