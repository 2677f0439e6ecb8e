"""A customer's server: takes messages, checks them with published libraries and against the document
of the API, and says what came.

Each path behaves in its own way: /good acknowledges, /bad fails, /slow answers after the sender's
patience, /tardy shortly before its end, /gone says so, /elsewhere redirects to /good. With
CERTIFICATE and KEY it speaks TLS. Prints its port, then a line per message.
"""

import json
import os
import pathlib
import ssl
import sys
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jsonschema_rs
from smscode import parse_webhook_event, verify_webhook_signature
from standardwebhooks.webhooks import Webhook

STATUS = {"/good": 200, "/bad": 500, "/gone": 410, "/elsewhere": 302, "/slow": 200, "/tardy": 200}
PAUSES = {"/slow": 5, "/tardy": 0.7}
SECRETS = {}
DOCUMENT = pathlib.Path(__file__).parents[3] / "docs" / "openapi.json"
lock = threading.Lock()


def closed(part):
    """The same with no object that may have more than is listed."""
    if isinstance(part, list):
        return [closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    part = {key: closed(of) for key, of in part.items()}
    return {**part, "additionalProperties": False} if "properties" in part else part


def shapes():
    """What each event looks like, to the letter."""
    document = json.loads(DOCUMENT.read_text())
    components = {"components": closed({"schemas": document["components"]["schemas"]})}
    schemas = {event: told["post"]["requestBody"]["content"]["application/json"]["schema"]
               for event, told in document["webhooks"].items()}
    return {event: jsonschema_rs.Draft202012Validator({**closed(schema), **components},
                                                      validate_formats=True)
            for event, schema in schemas.items()}


SHAPES = shapes()


def verdict(path, headers, body):
    """Whether both libraries believe the message and the document lists it; nothing when its path
    has no secret."""
    secret = SECRETS.get(path, os.environ.get("SECRET"))
    if secret is None:
        return None
    if not verify_webhook_signature(body, headers["x-webhook-signature"], secret):
        return False
    if verify_webhook_signature(body + b" ", headers["x-webhook-signature"], secret):
        return False
    Webhook(secret).verify(body, dict(headers.items()))
    parse_webhook_event(body)
    event = json.loads(body)
    SHAPES[event["event"]].validate(event)
    return True


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if path == "/secret":
            wanted = json.loads(body)
            SECRETS[wanted["path"]] = wanted["secret"]
            return self.answer(200)
        event, now = json.loads(body), datetime.now(timezone.utc)
        try:
            believed = verdict(path + "?" + query, self.headers, body)
        except Exception as error:
            print("not believed:", repr(error), file=sys.stderr)
            believed = False
        line = {
            "path": path,
            "query": query,
            "id": self.headers["webhook-id"],
            "event": event["event"],
            "data": event["data"],
            "timestamp": event["timestamp"],
            "believed": believed,
            "waited": (now - datetime.fromisoformat(event["timestamp"])).total_seconds(),
        }
        with lock:
            print(json.dumps(line), flush=True)
        time.sleep(PAUSES.get(path, 0))
        self.answer(STATUS.get(path, 404))

    def answer(self, status):
        try:
            self.send_response(status)
            if status == 302:
                self.send_header("location", "/good?followed")
            self.send_header("content-length", "0")
            self.end_headers()
        except OSError:
            pass  # whoever asked has gone

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Receiver)
if "CERTIFICATE" in os.environ:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["CERTIFICATE"], os.environ["KEY"])
    # The handshake belongs to the thread of the connection: one that fails holds up no other.
    late = {"server_side": True, "do_handshake_on_connect": False}
    server.socket = context.wrap_socket(server.socket, **late)
print(json.dumps({"port": server.server_port}), flush=True)
server.serve_forever()
