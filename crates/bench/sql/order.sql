SELECT id, user_id, product_id, catalog_product_id, carrier_id, attempt, price,
       provider_id, external_service, external_country, cost_micros, again_activation,
       again_phone, state, attempted_at, failed_reason, external_id, phone,
       activated_at, expires_at, cancel_from, resend_from, sms_revision, otp_day, otp_code_sealed,
       otp_message_sealed, otp_code, otp_message, otp_received_at, canceled_at,
       upstream_open, created_at, changed_at
FROM orders
WHERE user_id = $1 AND id = $2 AND state NOT IN ('RESERVING', 'FAILED')
