SELECT available AS "available!", held AS "held!", debt AS "debt!",
       frozen AS "frozen!"
FROM ledger.wallets WHERE user_id = $1
