"""Lets Stripe's own library sign and judge notifications: genuine ones, known tricks, and random changes of both.

Prints a line of JSON for each: its header, its body in base64, and whether the library takes it.
"""

import base64
import json
import random
import sys

import stripe
from stripe import _webhook

NOW, SECRET, CHANGES, SEED = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), 20261120
PRINTABLE = [chr(code) for code in range(0x20, 0x7F)]
BODIES = [
    '{"id":"evt_1","object":"event","type":"invoice.paid","livemode":false,"data":{"object":{}}}',
    '{"id":"evt_2","object":"event","type":"charge.updated","livemode":false,"data":{"object":{"note":"Rp 10.000 é ✓"}}}',
]

stripe.enable_telemetry = False
_webhook.time.time = lambda: NOW


def signed(body, time=NOW):
    return stripe.WebhookSignature.generate_signature_header(body, SECRET, timestamp=time)


def is_taken(header, body):
    try:
        return stripe.WebhookSignature.verify_header(body, header, SECRET, tolerance=300)
    except Exception:
        return False


def known():
    """The tricks that are known, each on a genuine notification."""
    body = BODIES[0]
    good = signed(body)
    time, code = (item.split("=")[1] for item in good.split(","))
    wrong = "0" * 64
    for age in (0, 298, 299, 300, 301, 302, 3600, -299, -300, -301, -3600):
        yield signed(body, NOW - age), body
    for header in (
        f"t={time},v1={wrong},v1={code}",
        f"t={time},v1={code},v1={wrong}",
        f"t={time},v1={wrong}",
        f"t={time},v0={code}",
        f"t={time},v1={code.upper()}",
        f"t={time}, v1={code}",
        f"v1={code},t={time}",
        f"t={time},t={time},v1={code}",
        f"t={time},t=1,v1={code}",
        f"t=1,t={time},v1={code}",
        f"v1={code}",
        f"t={time}",
        f"t={time},v9=zz,v1={code},flag",
        f"t={time},v1={code},v1",
        f"t={time},v1={code},t",
        f"t={time},v1={code}=",
        f"t={time},v1={code}={wrong}",
        f"t=0{time},v1={code}",
        f"t=+{time},v1={code}",
        f"t={time[:1]}_{time[1:]},v1={code}",
        f"t= {time},v1={code}",
        f"t={time},v1={code[:63]}",
        f"t={time},v1={code}0",
        f"t={time},V1={code}",
        f"t={time};v1={code}",
        "t=,v1=",
        ",",
        "=",
    ):
        yield header, body


def changed(rng):
    """A genuine notification, of which up to three bytes of one part are others."""
    body = rng.choice(BODIES)
    header = signed(body, NOW - rng.choice((0, 0, 0, 299, -299, 301, -301)))
    raw = bytearray(body.encode())
    part = rng.randrange(4)
    for _ in range(rng.randrange(1, 4) if part else 0):
        if part == 1:
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        else:
            at, kind = rng.randrange(len(header)), rng.randrange(4)
            new = "" if kind == 0 else rng.choice(PRINTABLE) if kind < 3 else rng.choice("t=,v10")
            header = header[:at] + new + header[at + (kind != 1) :]
    return header, bytes(raw)


def main():
    rng = random.Random(SEED)
    cases = [(header, body.encode()) for header, body in known()]
    cases += [changed(rng) for _ in range(CHANGES)]
    for header, body in cases:
        taken = bool(is_taken(header, body))
        print(json.dumps({"header": header, "body": base64.b64encode(body).decode(), "taken": taken}))


main()
