"""Drives the published client, told nothing but where we are and who is calling.

The same story is played on each version of the contract, by the client that waits and by the one
that does not.
"""

import asyncio
import decimal
import os
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import smscode
from smscode import AsyncSmscodeClient, SmscodeClient
from smscode import errors

BASE_URL = os.environ["BASE_URL"]
SANDBOX_URL = os.environ["SANDBOX_URL"]
RATE = 16000


class Waiting:
    """An object of the asynchronous client, each call of which is waited for."""

    def __init__(self, loop, inner):
        self._loop, self._inner = loop, inner

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if asyncio.iscoroutinefunction(found):
            return lambda *args, **kwargs: self._loop.run_until_complete(found(*args, **kwargs))
        return found


class Version:
    """One version of the contract through one client, with its way to say money."""

    def __init__(self, number, name, namespace):
        self.number, self.name = number, f"v{number} {name}"
        self.catalog = namespace("catalog")
        self.balance = namespace("balance")
        self.orders = namespace("orders")
        self.webhook = namespace("webhook")

    def rupiah(self, money):
        """What money is worth, in rupiah; each version has to say it in its own way."""
        if self.number == 1:
            assert type(money) is int, money
            return money
        assert isinstance(money, smscode.Money), money
        places = len(money.amount.partition(".")[2])
        exact = decimal.Decimal(money.canonical_amount) / RATE
        shown = exact.quantize(
            decimal.Decimal(1).scaleb(-places), rounding=decimal.ROUND_HALF_UP
        )
        assert places in (2, 4) and decimal.Decimal(money.amount) == shown, money
        return money.canonical_amount

    def limit(self, rupiah):
        """The least limit of price that lets these rupiah through."""
        if self.number == 1:
            return rupiah
        exact = decimal.Decimal(rupiah) / RATE
        return str(exact.quantize(decimal.Decimal("0.0001"), rounding=decimal.ROUND_CEILING))

    def receipt(self, answer):
        if self.number == 2:
            assert (answer.fx.pair, answer.fx.rate) == ("USD/IDR", RATE), answer.fx
            assert answer.fx.rate_as_of is None, "nobody published a rate"
        return answer

    def funds(self):
        return self.rupiah(self.receipt(self.balance.get()).balance)

    def listed(self, **query):
        answer = self.orders.list(**query)
        return answer if self.number == 1 else self.receipt(answer).orders

    def key(self, text):
        return f"{text}-{self.name}".replace(" ", "_")


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


def browse(api):
    catalog = api.catalog
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
    api.receipt(page)
    assert page.page == 1 and page.limit == 2 and page.count == 2, page
    prices = [api.rupiah(it.price) for it in page.products]
    assert prices == sorted(prices) and prices[0] > 0, prices
    assert all(it.active and it.available > 0 for it in page.products), page
    assert page.products[0].name == "WhatsApp - Indonesia", page.products[0]
    assert {it.catalog_product_id for it in page.products} == {page.products[0].catalog_product_id}
    rate = catalog.exchange_rate(pair="USD/IDR")
    assert (rate.pair, rate.rate) == ("USD/IDR", RATE), rate
    if api.number == 1:
        assert (rate.base_currency, rate.quote_currency) == ("USD", "IDR"), rate
        raises(errors.NotFoundError, catalog.exchange_rate, pair="USD/XXX")
    else:
        assert catalog.exchange_rate(pair="USD/XXX") == rate, "there is one pair only"
    return page.products[0]


def buy_and_finish(api, product):
    orders, price = api.orders, api.rupiah(product.price)
    before = api.funds()
    key = api.key("one-order")
    created = api.receipt(orders.create(product_id=product.id, idempotency_key=key))
    (order,) = created.orders
    assert created.failed_count == 0 and order["status"] == "ACTIVE", created
    assert order.amount == product.price and order["product_id"] == product.id, order
    assert api.funds() == before - price
    capabilities = order.capabilities
    assert not any((capabilities.can_finish, capabilities.can_resend, capabilities.can_cancel))
    assert capabilities.cancel_available_at is not None, capabilities
    for moment in (order["expires_at"], capabilities.cancel_available_at):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", moment)

    again = orders.create(product_id=product.id, idempotency_key=key)
    assert again.orders[0].raw == order.raw, "the first answer has to come again"
    assert api.funds() == before - price
    reused = {"product_id": product.id, "quantity": 2, "idempotency_key": key}
    raises(errors.IdempotencyKeyReuseError, orders.create, **reused)

    assert order["id"] in [it["id"] for it in orders.active()]
    assert api.listed(status="ACTIVE", limit=1)[0]["id"] == order["id"]
    raises(errors.ConflictError, orders.finish, order["id"])
    raises(errors.ConflictError, orders.resend, order["id"])
    raises(errors.CancelTooEarlyError, orders.cancel, order["id"])
    raises(errors.ConflictError, orders.reactivate, order["id"])
    raises(errors.ConflictError, orders.reactivate_options, order["id"])

    text = send_sms(order, "90481726")
    patience = {"timeout_ms": 20_000, "poll_interval_ms": 100}
    waited = orders.wait_for_otp(order["id"], **patience)
    assert waited.otp_code == "90481726" and waited.status == "OTP_RECEIVED", waited
    received = orders.get(order["id"])
    assert api.rupiah(received.amount) == price, received
    assert received["otp_message"] == text and received["sms_revision"] == 1, received
    assert received.capabilities.can_finish and not received.capabilities.can_cancel, received
    raises(errors.ConflictError, orders.cancel, order["id"])

    resent = orders.resend(order["id"])
    assert resent.resent is True and resent.status == "OTP_RECEIVED", resent
    send_sms(order, "90558120")
    waited = orders.wait_for_otp(order["id"], after_revision=1, **patience)
    assert waited.otp_code == "90558120", waited
    waited = orders.wait_for_otp(order["id"], after_code="90481726", **patience)
    assert waited.otp_code == "90558120", waited
    second = orders.get(order["id"])
    assert second["sms_revision"] == 2, second
    assert second["otp_received_at"] == received["otp_received_at"], second

    finished = orders.finish(order["id"])
    assert (finished.order_id, finished.status) == (order["id"], "COMPLETED"), finished
    raises(errors.ConflictError, orders.finish, order["id"])
    over = orders.get(order["id"])
    assert over["status"] == "COMPLETED" and over.capabilities.can_reactivate, over
    assert order["id"] not in [it["id"] for it in orders.active()]
    assert orders.create(product_id=product.id, idempotency_key=key).orders[0].raw == order.raw, (
        "the first answer has to come again after the end, too"
    )
    return over


def reactivate(api, parent):
    orders, before = api.orders, api.funds()
    cost = api.rupiah(api.receipt(eventually(orders.reactivate_options, parent["id"])).cost)
    assert cost > 0 and api.funds() == before, "asking costs nothing"
    low = {"max_price": api.limit(cost - 1) if api.number == 1 else "0.0001"}
    raises(errors.NoOfferAvailableError, orders.reactivate, parent["id"], **low)
    key, limit = api.key("again"), api.limit(cost)
    created = orders.reactivate(parent["id"], max_price=limit, idempotency_key=key)
    (child,) = api.receipt(created).orders
    assert child["phone_number"] == parent["phone_number"] and child["id"] != parent["id"], child
    assert api.rupiah(child.amount) == cost == before - api.funds(), child
    again = orders.reactivate(parent["id"], max_price=limit, idempotency_key=key)
    assert again.orders[0].raw == child.raw, "the first answer has to come again"
    send_sms(child, "90771204")
    waited = orders.wait_for_otp(child["id"], timeout_ms=20_000, poll_interval_ms=100)
    assert waited.otp_code == "90771204", waited
    assert orders.get(parent["id"])["otp_code"] == "90558120", "each rental has its own messages"
    orders.finish(child["id"])


def eventually(call, *args):
    """The number is free again once the provider has heard that its first rental is over."""
    for _ in range(100):
        try:
            return call(*args)
        except errors.ProviderError:
            time.sleep(0.1)
    return call(*args)


def cancel(api, product):
    orders, before = api.orders, api.funds()
    created = orders.create(
        catalog_product_id=product.catalog_product_id,
        max_price=api.limit(api.rupiah(product.price)),
        prefer_provider="ALPHA",
        policy="best_success",
        quantity=2,
    )
    assert len(created.orders) == 2 and created.failed_count == 0, created
    for order in created.orders:
        # Waits for the end of the minimum-cancel window as the client is told to.
        error = raises(errors.CancelTooEarlyError, orders.cancel, order["id"])
        assert error.retry_after_seconds is not None and error.retry_after_seconds > 0, error
    held = before - sum(api.rupiah(order.amount) for order in created.orders)
    for order in created.orders:
        canceled = api.receipt(cancel_when_allowed(orders, order["id"]))
        held += api.rupiah(order.amount)
        assert canceled.status == "CANCELED", canceled
        assert canceled.refund_amount == order.amount, canceled
        assert api.rupiah(canceled.new_balance) == held == api.funds(), canceled
        gone = orders.get(order["id"])
        assert gone["status"] == "CANCELED" and gone["canceled_at"] is not None, gone
    assert held == before
    ended = created.orders[0]["id"]
    try:
        orders.wait_for_otp(ended, timeout_ms=1_000, poll_interval_ms=100)
        raise AssertionError("nothing comes after the end")
    except errors.OrderTerminalError:
        pass


def cancel_when_allowed(orders, order_id):
    while True:
        try:
            return orders.cancel(order_id)
        except errors.CancelTooEarlyError as error:
            time.sleep(min(error.retry_after_seconds, 5))


def refusals(api, product, connect):
    orders = api.orders
    unknown = 999_999_999
    for call in (
        orders.get,
        orders.cancel,
        orders.finish,
        orders.resend,
        orders.reactivate,
        orders.reactivate_options,
    ):
        raises(errors.NotFoundError, call, unknown)
    invalid = raises(errors.ValidationError, orders.create, product_id="x", quantity=101)
    assert invalid.details, "a refused request has to name its fields"
    raises(errors.ValidationError, orders.create, product_id=product.id, unknown=1)
    raises(errors.ValidationError, orders.create, product_id=product.id, max_price=api.limit(1))
    raises(errors.ValidationError, orders.create)
    raises(errors.ValidationError, orders.list, limit=101)
    foreign = "0.05" if api.number == 1 else 1
    umbrella = {"catalog_product_id": product.catalog_product_id}
    raises(errors.ValidationError, orders.create, **umbrella, max_price=foreign)
    low = 1 if api.number == 1 else "0.0001"
    raises(errors.NoOfferAvailableError, orders.create, **umbrella, max_price=low)
    raises(errors.NoOfferAvailableError, orders.create, product_id=unknown)
    mine = api.listed(limit=1)[0]["id"]
    raises(errors.UnauthorizedError, connect("vn_live_nobody").balance.get)
    poor = connect(os.environ["POOR_TOKEN"])
    raises(errors.InsufficientBalanceError, poor.orders.create, product_id=product.id)
    raises(errors.NotFoundError, poor.orders.get, mine)
    raises(errors.NotFoundError, poor.orders.reactivate, mine)
    assert poor.listed() == [] and poor.funds() == 0


def webhooks(api):
    hook = api.webhook
    bare = hook.get()
    assert bare.webhook_url is None and bare.webhook_consecutive_failures == 0, bare
    raises(errors.ValidationError, hook.update)
    raises(errors.ValidationError, hook.update, webhook_url="not an address")
    raises(errors.ValidationError, hook.test)
    # An address of the public network; nothing happens before it is cleared again.
    told = hook.update(webhook_url="https://1.1.1.1/hook")
    assert told.webhook_url == "https://1.1.1.1/hook" and told.webhook_secret, told
    assert hook.get() == told
    cleared = hook.update(webhook_url="", webhook_secret="")
    assert cleared.webhook_url is None and cleared.webhook_secret is None, cleared
    with Mailbox() as mailbox:
        secret = hook.update(webhook_url=mailbox.url).webhook_secret
        assert hook.test().status_code == 202
        ((headers, body),) = mailbox.came
    signature = headers["x-webhook-signature"]
    assert smscode.verify_webhook_signature(body, signature, secret), headers
    assert not smscode.verify_webhook_signature(body + b" ", signature, secret)
    assert not smscode.verify_webhook_signature(body, signature, secret + "x")
    event = smscode.parse_webhook_event(body)
    assert event["event"] == "webhook.test" and event["data"]["message"], event
    hook.update(webhook_url="", webhook_secret="")


class Mailbox(HTTPServer):
    """A customer's server that keeps what comes."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Letter)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.came = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Letter(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.came.append((self.headers, body))
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def play(api, connect):
    product = browse(api)
    completed = buy_and_finish(api, product)
    reactivate(api, completed)
    cancel(api, product)
    refusals(api, product, connect)
    webhooks(api)
    print(f"{api.name}: well")


def main():
    assert smscode.__version__ == "1.2.0", smscode.__version__
    loop = asyncio.new_event_loop()

    def waiting(number, token):
        client = SmscodeClient(token=token, base_url=BASE_URL)
        side = client.v1 if number == 1 else client
        return Version(number, "waiting", lambda name: getattr(side, name))

    def asynchronous(number, token):
        client = AsyncSmscodeClient(token=token, base_url=BASE_URL)
        side = client.v1 if number == 1 else client
        return Version(number, "asynchronous", lambda name: Waiting(loop, getattr(side, name)))

    for client in (waiting, asynchronous):
        for number in (1, 2):
            play(client(number, os.environ["TOKEN"]), lambda token: client(number, token))
    print("all promises kept")


main()
