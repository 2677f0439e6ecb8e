"""Keeps a shop's books with Stripe's own library: opens, reads, expires, refunds, lists what happened."""

import json
import os
import urllib.request

import stripe

CONTROL = os.environ["CONTROL_URL"]
EVENTS = ["checkout.session.completed", "checkout.session.expired", "charge.refunded", "refund.failed"]

# The library must leave no file behind.
stripe.enable_telemetry = False


def control(path, body):
    """Plays the payer and the banks."""
    request = urllib.request.Request(f"{CONTROL}/stripe/{path}", data=json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def session(client, reference):
    price = {"currency": "idr", "unit_amount": 4_000_000, "product_data": {"name": "Balance"}}
    params = {
        "mode": "payment",
        "client_reference_id": reference,
        "success_url": "https://shop.example/paid",
        "line_items": [{"quantity": 1, "price_data": price}],
        "metadata": {"topup_id": reference},
        "payment_intent_data": {"metadata": {"topup_id": reference}},
    }
    return client.v1.checkout.sessions.create(params, options={"idempotency_key": f"books-{reference}"})


def refuses(code, call):
    try:
        call()
    except stripe.InvalidRequestError as error:
        assert error.code == code, error
    else:
        raise AssertionError(f"no {code}")


def pay_and_refund(client):
    opened = session(client, "books-paid")
    control("pay", {"session_id": opened.id, "deliver": "none"})
    paid = client.v1.checkout.sessions.retrieve(opened.id, {"expand": ["payment_intent.latest_charge"]})
    intent = paid.payment_intent
    assert (paid.status, paid.payment_status, intent.status) == ("complete", "paid", "succeeded"), paid
    assert intent.latest_charge.amount_refunded == 0, intent
    by_intent = client.v1.checkout.sessions.list({"payment_intent": intent.id})
    assert [it.id for it in by_intent.data] == [opened.id], by_intent
    assert client.v1.payment_intents.retrieve(intent.id).metadata["topup_id"] == "books-paid"

    def refund(number, amount=None):
        params = {"payment_intent": intent.id, "metadata": {"refund_id": f"back-{number}"}}
        if amount:
            params["amount"] = amount
        return client.v1.refunds.create(params, options={"idempotency_key": f"books-refund-{number}"})

    parts = [refund(1, 1_000_000), refund(1, 1_000_000), refund(2, 500_000), refund(3)]
    assert parts[0].id == parts[1].id and parts[3].amount == 2_500_000, parts
    refuses("charge_already_refunded", lambda: refund(4))
    listed = client.v1.refunds.list({"payment_intent": intent.id, "limit": 2})
    numbers = [it.metadata["refund_id"] for it in listed.auto_paging_iter()]
    assert numbers == ["back-3", "back-2", "back-1"], numbers
    control("refund/settle", {"refund_id": parts[2].id, "status": "failed", "deliver": "none"})
    assert client.v1.refunds.retrieve(parts[2].id).status == "failed"
    charge = client.v1.charges.retrieve(intent.latest_charge.id)
    assert (charge.amount_refunded, charge.refunded) == (3_500_000, False), charge
    return opened


def expire(client):
    opened = session(client, "books-expired")
    assert client.v1.checkout.sessions.expire(opened.id).status == "expired"
    refuses(None, lambda: client.v1.checkout.sessions.expire(opened.id))
    return opened


def dispute(client):
    opened = session(client, "books-disputed")
    control("pay", {"session_id": opened.id, "deliver": "none"})
    intent = client.v1.checkout.sessions.retrieve(opened.id).payment_intent
    control("dispute", {"session_id": opened.id, "deliver": "none"})
    found = client.v1.disputes.list({"payment_intent": intent}).data
    assert [(it.status, it.amount) for it in found] == [("needs_response", 4_000_000)], found
    control("dispute/decide", {"dispute_id": found[0].id, "status": "lost", "deliver": "none"})
    assert client.v1.disputes.retrieve(found[0].id).status == "lost"


def main():
    client = stripe.StripeClient(os.environ["STRIPE_KEY"], base_addresses={"api": os.environ["STRIPE_URL"]})
    paid, expired = pay_and_refund(client), expire(client)
    dispute(client)
    missed = {"types": EVENTS, "created": {"gte": paid.created}, "delivery_success": False, "limit": 2}
    told = [(it.type, it.data.object["id"]) for it in client.v1.events.list(missed).auto_paging_iter()]
    assert ("checkout.session.completed", paid.id) in told, told
    assert sum(kind == "refund.failed" for kind, _ in told) == 1, told
    assert expired.id not in (about for kind, about in told if kind != "checkout.session.expired"), told
    print("the books agree")


main()
