"""Asks our API everything its document allows, and much that it does not, and measures the answers.

The document is the committed one; what asks is schemathesis, which knows nothing of us. Orders in
several states are made beforehand, so that it meets more than refusals.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

BASE_URL = os.environ["BASE_URL"]
DOCUMENT = os.environ["DOCUMENT"]
SECONDS = 60

# Products of test mode: a code that comes at once, and one that never does.
CODE, NEVER = 900_000_001, 900_000_003

# Never granted here: no number of test mode can be rented again, and no server listens.
SELDOM = ("/reactivate", "/reactivate-options", "/webhook/test", "/webhook/replay")

CONFIGURATION = """
max-time = {seconds}
max-failures = 20
max-stream-events = 1
seed = 1
hooks = "{hooks}"
request-timeout = 20
warnings = false

[auth.openapi.bearerAuth]
bearer = "${{TOKEN}}"

[generation]
max-examples = 10
database = "none"

[generation.dictionaries]
integer = {{ dictionary = "known", probability = 0.4 }}

[dictionaries.known]
values = {known}

[parameters]
"path.id" = {{ dictionary = "known", probability = 0.5 }}
# Held back until something happens, which it does not.
"query.wait" = 0

# What is well put may be refused all the same: nothing on sale fits, or no server answers.
[[operations]]
include-path-regex = "/(orders/create|orders/reactivate|webhook|webhook/test)$"
checks.positive_data_acceptance.expected-statuses = [
    "2xx", "401", "403", "404", "409", "422", "429",
]
"""


def call(method, path, body=None):
    request = urllib.request.Request(BASE_URL + path, method=method)
    request.add_header("authorization", "Bearer " + os.environ["TOKEN"])
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(request, data) as answer:
        return json.load(answer)["data"]


def buy(product, quantity=1):
    bought = call("POST", "/v1/orders/create", {"product_id": product, "quantity": quantity})
    return [order["id"] for order in bought["orders"]]


def delivered(order):
    while call("GET", f"/v1/orders/{order}?wait=20&after_revision=0")["status"] == "ACTIVE":
        pass
    return order


def known():
    """Numbers worth asking for: orders in each state, and what is on sale."""
    over, *ready = [delivered(order) for order in buy(CODE, 16)]
    call("POST", "/v1/orders/finish", {"id": over})
    waiting = buy(NEVER, 16)
    return [over, *ready, *waiting, CODE, NEVER]


def statuses(record):
    """How often each operation was answered with each status."""
    document = json.loads(pathlib.Path(DOCUMENT).read_text())
    seen = {f"{method.upper()} {path}": collections.Counter()
            for path, methods in document["paths"].items() for method in methods}
    for entry in record["log"]["entries"]:
        asked, status = entry["request"], entry["response"]["status"]
        path = urllib.parse.urlsplit(asked["url"]).path
        numbered = re.sub(r"/orders/\d+", "/orders/{id}", path)
        if (counted := seen.get(f"{asked['method']} {numbered}")) is not None:
            counted[status] += 1
    return seen


def main():
    with tempfile.TemporaryDirectory() as directory:
        configuration = pathlib.Path(directory, "schemathesis.toml")
        numbers = known()
        hooks = pathlib.Path(__file__).with_name("document_hooks.py")
        configuration.write_text(
            CONFIGURATION.format(seconds=SECONDS, known=numbers, hooks=hooks)
        )
        program = pathlib.Path(sys.executable).with_name("schemathesis")
        record = pathlib.Path(directory, "record.har")
        command = [program, "--config-file", configuration, "run", DOCUMENT, "--url", BASE_URL]
        phases = ["--phases", "coverage,fuzzing,stateful", "--report-har-path", record]
        environment = {**os.environ, "KNOWN": json.dumps(numbers)}
        asked = subprocess.run(
            [*command, *phases], cwd=directory, env=environment, check=False
        )
        seen = statuses(json.loads(record.read_text()))
    for operation, found in sorted(seen.items()):
        print(operation, dict(sorted(found.items())))
    if asked.returncode:
        sys.exit(asked.returncode)
    granted = {re.sub("/v[12]/", "/", operation) for operation, found in seen.items()
               if 200 in found or operation.endswith(SELDOM)}
    unmet = {re.sub("/v[12]/", "/", operation) for operation in seen} - granted
    assert not unmet, f"nothing of these was ever granted: {unmet}"
    print("all promises kept")


if __name__ == "__main__":
    main()
