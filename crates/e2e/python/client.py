"""Drives the published client, told nothing but where we are and who is calling."""

import os
import re

import httpx
import smscode
from smscode import SmscodeClient
from smscode import errors

BASE_URL = os.environ["BASE_URL"]
SANDBOX_URL = os.environ["SANDBOX_URL"]


def control(path, body):
    response = httpx.post(f"{SANDBOX_URL}/control/{path}", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def send_sms(order, code):
    text = f"Your code is {code}"
    control("sms", {"phone": order["phone_number"], "text": text})
    return text


def raises(kind, call, *args, **kwargs):
    """The error of a call, which has to be exactly of that kind."""
    try:
        answer = call(*args, **kwargs)
    except errors.SmscodeError as error:
        assert type(error) is kind, f"{type(error).__name__} instead of {kind.__name__}: {error}"
        assert error.code == kind.default_code, error.code
        assert error.request_id, "an error without its request id"
        return error
    raise AssertionError(f"{kind.__name__} expected, got {answer}")


def browse(client):
    catalog = client.v1.catalog
    countries = catalog.countries()
    indonesia = next(it for it in countries if it.code == "ID")
    assert indonesia.name == "Indonesia" and indonesia.active, indonesia
    assert indonesia.dial_code.lstrip("+") == "62", indonesia
    services = catalog.services(country_id=indonesia.id)
    assert {it.id for it in services} <= {it.id for it in catalog.services()}
    whatsapp = next(it for it in services if it.name == "WhatsApp")
    operators = catalog.operators(country_id=indonesia.id, platform_id=whatsapp.id)
    assert operators[0].code == "any" and operators[0].operator_id is None, operators
    page = catalog.products(
        country_id=indonesia.id, platform_id=whatsapp.id, sort="price_asc", limit=2
    )
    assert page.page == 1 and page.limit == 2, page
    prices = [it.price for it in page.products]
    assert len(prices) == 2 and prices == sorted(prices) and prices[0] > 0, prices
    assert all(it.active and it.available > 0 for it in page.products), page
    assert {it.catalog_product_id for it in page.products} == {page.products[0].catalog_product_id}
    rate = catalog.exchange_rate(pair="USD/IDR")
    assert (rate.pair, rate.base_currency, rate.quote_currency) == ("USD/IDR", "USD", "IDR"), rate
    assert rate.rate == 16000, rate
    raises(errors.NotFoundError, catalog.exchange_rate, pair="USD/XXX")
    return page.products[0]


def buy_and_finish(client, product):
    orders = client.v1.orders
    before = client.v1.balance.get()
    assert before.currency == "IDR" and type(before.balance) is int, before
    created = orders.create(product_id=product.id, idempotency_key="one-order")
    (order,) = created.orders
    assert created.failed_count == 0 and order["status"] == "ACTIVE", created
    assert order.amount == product.price and order["product_id"] == product.id, order
    assert client.v1.balance.get().balance == before.balance - product.price
    capabilities = order.capabilities
    assert not any((capabilities.can_finish, capabilities.can_resend, capabilities.can_cancel))
    assert capabilities.cancel_available_at is not None, capabilities
    for moment in (order["expires_at"], capabilities.cancel_available_at):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", moment)

    again = orders.create(product_id=product.id, idempotency_key="one-order")
    assert again.orders[0].raw == order.raw, "the first answer has to come again"
    assert client.v1.balance.get().balance == before.balance - product.price
    raises(
        errors.IdempotencyKeyReuseError,
        orders.create,
        product_id=product.id,
        quantity=2,
        idempotency_key="one-order",
    )

    assert order["id"] in [it["id"] for it in orders.active()]
    assert orders.list(status="ACTIVE", limit=1)[0]["id"] == order["id"]
    raises(errors.ConflictError, orders.finish, order["id"])
    raises(errors.ConflictError, orders.resend, order["id"])
    raises(errors.CancelTooEarlyError, orders.cancel, order["id"])

    text = send_sms(order, "90481726")
    waited = orders.wait_for_otp(order["id"], timeout_ms=20_000, poll_interval_ms=100)
    assert waited.otp_code == "90481726" and waited.status == "OTP_RECEIVED", waited
    received = orders.get(order["id"])
    assert received["otp_message"] == text and received["sms_revision"] == 1, received
    assert received.capabilities.can_finish and not received.capabilities.can_cancel, received
    raises(errors.ConflictError, orders.cancel, order["id"])

    resent = orders.resend(order["id"])
    assert resent.resent is True and resent.status == "OTP_RECEIVED", resent
    send_sms(order, "90558120")
    waited = orders.wait_for_otp(
        order["id"], after_revision=1, timeout_ms=20_000, poll_interval_ms=100
    )
    assert waited.otp_code == "90558120", waited
    second = orders.get(order["id"])
    assert second["sms_revision"] == 2, second
    assert second["otp_received_at"] == received["otp_received_at"], second

    finished = orders.finish(order["id"])
    assert (finished.order_id, finished.status) == (order["id"], "COMPLETED"), finished
    raises(errors.ConflictError, orders.finish, order["id"])
    assert orders.get(order["id"])["status"] == "COMPLETED"
    assert order["id"] not in [it["id"] for it in orders.active()]
    assert orders.create(product_id=product.id, idempotency_key="one-order").orders[
        0
    ].raw == order.raw, "the first answer has to come again after the end, too"


def cancel(client, product):
    orders = client.v1.orders
    before = client.v1.balance.get().balance
    created = orders.create(
        catalog_product_id=product.catalog_product_id,
        max_price=product.price,
        prefer_provider="ALPHA",
        policy="best_success",
        quantity=2,
    )
    assert len(created.orders) == 2 and created.failed_count == 0, created
    for order in created.orders:
        # Waits for the end of the minimum-cancel window as the client is told to.
        error = raises(errors.CancelTooEarlyError, orders.cancel, order["id"])
        assert error.retry_after_seconds is not None and error.retry_after_seconds > 0, error
    held = before - sum(order.amount for order in created.orders)
    for order in created.orders:
        canceled = cancel_when_allowed(orders, order["id"])
        held += order.amount
        assert canceled.status == "CANCELED" and canceled.refund_amount == order.amount, canceled
        assert canceled.new_balance == held == client.v1.balance.get().balance, canceled
        gone = orders.get(order["id"])
        assert gone["status"] == "CANCELED" and gone["canceled_at"] is not None, gone
    assert held == before


def cancel_when_allowed(orders, order_id):
    import time

    while True:
        try:
            return orders.cancel(order_id)
        except errors.CancelTooEarlyError as error:
            time.sleep(min(error.retry_after_seconds, 5))


def refusals(client, product):
    orders = client.v1.orders
    raises(errors.NotFoundError, orders.get, 999_999_999)
    raises(errors.NotFoundError, orders.cancel, 999_999_999)
    raises(errors.NotFoundError, orders.finish, 999_999_999)
    invalid = raises(errors.ValidationError, orders.create, product_id="x", quantity=101)
    assert invalid.details, "a refused request has to name its fields"
    raises(errors.ValidationError, orders.create, product_id=product.id, unknown=1)
    raises(errors.ValidationError, orders.create, product_id=product.id, max_price=1)
    raises(errors.ValidationError, orders.create)
    raises(errors.ValidationError, orders.list, limit=101)
    raises(
        errors.NoOfferAvailableError,
        orders.create,
        catalog_product_id=product.catalog_product_id,
        max_price=1,
    )
    raises(errors.NoOfferAvailableError, orders.create, product_id=999_999_999)
    with SmscodeClient(token="vn_live_nobody", base_url=BASE_URL) as stranger:
        raises(errors.UnauthorizedError, stranger.v1.balance.get)
    with SmscodeClient(token=os.environ["POOR_TOKEN"], base_url=BASE_URL) as poor:
        raises(errors.InsufficientBalanceError, poor.v1.orders.create, product_id=product.id)
        raises(errors.NotFoundError, poor.v1.orders.get, orders.list(limit=1)[0]["id"])
        assert poor.v1.orders.list() == [] and poor.v1.balance.get().balance == 0


def main():
    assert smscode.__version__ == "1.2.0", smscode.__version__
    with SmscodeClient(token=os.environ["TOKEN"], base_url=BASE_URL) as client:
        product = browse(client)
        buy_and_finish(client, product)
        cancel(client, product)
        refusals(client, product)
    print("all promises kept")


main()
