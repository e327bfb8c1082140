"""An OAuth 1.0 provider made of the Python package Authlib, as its Flask integration has it:

    python3 op1.py CLIENTS [CERTIFICATE KEY]

CLIENTS is a JSON object: for each client ID a secret, or else an RSA public key in PEM. The
provider approves without asking anything, unless the authorization URL has deny=1. It serves
/request_token, /authorize and /access_token; /verifier, the page that a login out of band ends
at; and /api, which tells in JSON who called it with what. Signatures are those of Authlib:
HMAC-SHA1, RSA-SHA1 and PLAINTEXT.

It listens on a free loopback port, by TLS if there are files with a certificate and its key,
and prints one line when it is ready: {"url":"https://127.0.0.1:PORT"}. It ends on SIGTERM, or
when its standard input closes. Everything else it has to say goes to standard error.
"""

import json
import os
import signal
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "python_modules"))

from authlib.integrations.flask_oauth1 import (  # noqa: E402
    AuthorizationServer,
    ResourceProtector,
    create_exists_nonce_func,
    current_credential,
    register_nonce_hooks,
    register_temporary_credential_hooks,
)
from authlib.oauth1 import ClientMixin, TokenCredentialMixin  # noqa: E402
from authlib.oauth1.errors import OAuth1Error  # noqa: E402
from flask import Flask, jsonify, request  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402


class Client(ClientMixin):
    def __init__(self, key):
        self.key = key

    def get_client_secret(self):
        return None if self.get_rsa_public_key() else self.key

    def get_rsa_public_key(self):
        return self.key if self.key.startswith("-----BEGIN") else None

    def get_default_redirect_uri(self):  # where Authlib sends the browser for "oob"
        return request.host_url + "verifier"


class User:
    def get_user_id(self):
        return "alice"


class Token(TokenCredentialMixin):
    def __init__(self, token, temporary):
        self.client_id, self.user_id = temporary.get_client_id(), temporary.get_user_id()
        self.token, self.secret = token["oauth_token"], token["oauth_token_secret"]

    def get_oauth_token(self):
        return self.token

    def get_oauth_token_secret(self):
        return self.secret


class Cache(dict):
    """The cache that Authlib's hooks ask for. Nothing expires."""

    def set(self, key, value, timeout):
        self[key] = value

    def has(self, key):
        return key in self

    def delete(self, key):
        self.pop(key, None)


def application(clients):
    app = Flask(__name__)
    app.config["OAUTH1_SUPPORTED_SIGNATURE_METHODS"] = ["HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"]
    clients = {name: Client(key) for name, key in clients.items()}
    cache, tokens = Cache(), {}

    def create_token_credential(token, temporary):
        issued = Token(token, temporary)
        tokens[issued.client_id, issued.token] = issued
        return issued

    server = AuthorizationServer(app, query_client=clients.get)
    register_nonce_hooks(server, cache)
    register_temporary_credential_hooks(server, cache)
    server.register_hook("create_token_credential", create_token_credential)
    require_oauth = ResourceProtector(
        app,
        query_client=clients.get,
        query_token=lambda client_id, token: tokens.get((client_id, token)),
        exists_nonce=create_exists_nonce_func(cache),
    )

    @app.route("/request_token", methods=["GET", "POST"])
    def request_token():
        return server.create_temporary_credentials_response()

    @app.get("/authorize")
    def authorize():
        user = None if request.args.get("deny") else User()
        try:
            return server.create_authorization_response(grant_user=user)
        except OAuth1Error as error:
            return dict(error.get_body()), error.status_code

    @app.get("/verifier")
    def verifier():
        return request.args["oauth_verifier"]

    @app.route("/access_token", methods=["GET", "POST"])
    def access_token():
        return server.create_token_response()

    @app.route("/api", methods=["GET", "POST"])
    @require_oauth()
    def api():
        return jsonify(
            user=current_credential.user_id,
            query=parameters(request.args),
            form=parameters(request.form),
            json=request.get_json(silent=True),
        )

    return app


def parameters(values):
    return {
        name: list_ for name, list_ in values.lists() if not name.startswith("oauth_")
    }


def main(clients, *files):
    app = application(json.loads(clients))
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=files or None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    scheme = "https" if files else "http"
    print(json.dumps({"url": f"{scheme}://127.0.0.1:{server.port}"}), flush=True)
    sys.stdin.read()


if len(sys.argv) not in (2, 4):
    sys.exit("usage: python3 op1.py CLIENTS [CERTIFICATE KEY]")
main(*sys.argv[1:])
