-- Which orders their customers gave up without a message, which is what customers are judged by.

-- When the customer asked to cancel, or when the window closed at a provider that answered. Nothing
-- where a provider ended the number by itself or could not be asked: that is held against nobody.
-- A customer who asked and got a message all the same has given up nothing: the state tells.
ALTER TABLE orders ADD COLUMN given_up_at timestamptz;

-- Facts are counted where they stand, within a window and up to a bound, and only when an order ends
-- without a message: neither a purchase nor a delivery writes anything more for it.
CREATE INDEX orders_given_up ON orders (user_id, given_up_at) WHERE given_up_at IS NOT NULL;
CREATE INDEX orders_delivered ON orders (user_id, otp_received_at)
    WHERE otp_received_at IS NOT NULL;

-- Notes that the customer asks to cancel, unless p_most orders were canceled since p_since. Answers
-- nothing when it is noted, else when the oldest of those p_most was: it makes room first. What is
-- asked twice counts once, and what is not canceled after all counts as long as it runs.
CREATE FUNCTION orders_ask_to_cancel(
    p_user bigint, p_order bigint, p_now timestamptz, p_since timestamptz, p_most int
) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    v_asked   timestamptz;
    v_blocked timestamptz;
BEGIN
    -- First the order, then the wallet, as everybody does who moves both.
    SELECT o.given_up_at INTO v_asked FROM orders o
    WHERE o.user_id = p_user AND o.id = p_order AND o.state = 'ACTIVE' FOR NO KEY UPDATE;
    IF NOT FOUND OR v_asked IS NOT NULL THEN
        RETURN NULL;
    END IF;
    -- The lock lets one request of a customer count after the other.
    PERFORM ledger.affordable(p_user, 1);
    SELECT o.given_up_at INTO v_blocked FROM orders o
    WHERE o.user_id = p_user AND o.given_up_at > p_since AND o.state IN ('ACTIVE', 'CANCELED')
    ORDER BY o.given_up_at DESC OFFSET p_most - 1 LIMIT 1;
    IF NOT FOUND THEN
        UPDATE orders o SET given_up_at = p_now WHERE o.user_id = p_user AND o.id = p_order;
    END IF;
    RETURN v_blocked;
END $$;
