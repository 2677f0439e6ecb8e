"""Starts and signs a payment with Stripe's own library, in the place of Stripe and of its payer."""

import json
import os
import urllib.error
import urllib.request

import stripe

HOOK = os.environ["WEBHOOK_URL"]
SECRET = os.environ["WEBHOOK_SECRET"]


def session(client, reference, amount):
    return client.v1.checkout.sessions.create(
        params={
            "mode": "payment",
            "client_reference_id": reference,
            "success_url": "https://shop.example/paid",
            "cancel_url": "https://shop.example/given-up",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "idr",
                        "unit_amount": amount,
                        "product_data": {"name": "Balance"},
                    },
                }
            ],
        },
        options={"idempotency_key": f"python-{reference}"},
    )


def notify(body, header):
    request = urllib.request.Request(
        HOOK,
        data=body.encode(),
        headers={"Stripe-Signature": header, "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def event_about(paid):
    return json.dumps(
        {
            "id": f"evt_{paid['id'][-20:]}",
            "object": "event",
            "type": "checkout.session.completed",
            "livemode": False,
            "created": paid["created"],
            "data": {"object": {**paid, "status": "complete", "payment_status": "paid"}},
        }
    )


def main():
    client = stripe.StripeClient(os.environ["STRIPE_KEY"], base_addresses={"api": os.environ["STRIPE_URL"]})
    created = session(client, "3f0c4f0e-2c52-4bb8-9a55-5d6a0c3a7a11", 5_000_000)
    again = session(client, "3f0c4f0e-2c52-4bb8-9a55-5d6a0c3a7a11", 5_000_000)
    assert created.id == again.id and created.url.startswith("http"), created
    assert (created.amount_total, created.currency) == (5_000_000, "idr"), created

    # The top-up that the test started: its session is read with the library, then signed by it.
    topup = client.v1.checkout.sessions.retrieve(os.environ["SESSION_ID"])
    body = event_about(topup.to_dict())
    sign = stripe.WebhookSignature.generate_signature_header
    header = sign(body, SECRET)
    assert stripe.Webhook.construct_event(body, header, SECRET)["type"]
    assert notify(body, sign(body, "whsec_somebody_else")) == 400
    assert notify(body, header) == 200
    assert notify(body, header) == 200, "a repeat has to be taken as well"
    print("signed and taken")


main()
