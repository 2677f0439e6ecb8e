SELECT outcome AS "outcome!", order_ids AS "order_ids!"
FROM orders_reserve($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                    $15, $16)
