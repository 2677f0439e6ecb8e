-- Numbers that are rented again: which activation was asked for once more, and its number, by which
-- a purchase whose answer was lost recognises what it bought.
ALTER TABLE orders
    ADD COLUMN again_activation text,
    ADD COLUMN again_phone text,
    ADD CONSTRAINT orders_again CHECK ((again_activation IS NULL) = (again_phone IS NULL));

-- As orders_reserve, for an activation to be rented again.
CREATE FUNCTION orders_reserve_again(
    p_user bigint, p_operation text, p_key text, p_fingerprint text, p_quantity int,
    p_price bigint, p_product bigint, p_catalog_product bigint, p_carrier bigint,
    p_provider bigint, p_service text, p_country text, p_cost bigint, p_now timestamptz,
    p_attempted_at timestamptz, p_activation text, p_phone text
) RETURNS TABLE (outcome text, order_ids bigint[]) LANGUAGE plpgsql AS $$
BEGIN
    SELECT r.outcome, r.order_ids INTO outcome, order_ids
    FROM orders_reserve(p_user, p_operation, p_key, p_fingerprint, p_quantity, p_price, p_product,
                        p_catalog_product, p_carrier, p_provider, p_service, p_country, p_cost,
                        p_now, p_attempted_at) r;
    IF outcome = 'new' THEN
        UPDATE orders o SET again_activation = p_activation, again_phone = p_phone
        WHERE o.user_id = p_user AND o.id = ANY(orders_reserve_again.order_ids);
    END IF;
    RETURN NEXT;
END $$;
