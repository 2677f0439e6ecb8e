SELECT o.product_id, p.catalog_product_id, p.carrier_id, o.price, o.provider_id,
       o.external_service, o.external_country, o.cost_micros,
       v.code AS provider_code, v.priority, o.success_per_mille,
       r.name AS "carrier_name?"
FROM offers o
JOIN products p ON p.id = o.product_id AND p.active
JOIN providers v ON v.id = o.provider_id AND v.enabled
LEFT JOIN carriers r ON r.id = p.carrier_id
WHERE o.stock > 0
  AND ($1::bigint IS NULL OR p.id = $1)
  AND ($2::bigint IS NULL OR p.catalog_product_id = $2)
  AND ($3::bigint IS NULL OR o.price >= $3)
  AND ($4::bigint IS NULL OR o.price <= $4)
  AND ($5::bigint IS NULL OR p.carrier_id = $5)
ORDER BY o.price, v.priority, o.product_id
LIMIT $6
