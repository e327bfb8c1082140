"""A client made of the Python package Authlib. It logs in once at a provider that approves
without asking anything, and ends:

    python3 rp.py KIND SETTINGS

KIND is what of Authlib is used: oauth1 and oauth2 are its sessions for the package requests,
flask1 and flask2 its registry for Flask, the latter with OpenID Connect. SETTINGS is a JSON
object:

    client       the arguments of the session, or of the registration in the registry
    redirectURI  is compared and read, never fetched; or "oob"
    provider     the base URL of the provider, or its issuer
    certificate  a file with the certificate of the provider, if it is not known

It prints one line of JSON, or ends with status 1 and the reason on standard error:

    oauth1, flask1  {"user":...,"echoes":[...],"sent":...}, what the APIs /me and /echo answer to
                    a query, a form and JSON, and the media type that the JSON had in the end
    oauth2          {"user":...,"refreshed":true}
    flask2          {"claims":...,"user":...,"refreshed":true}, claims of the ID Token
"""

import html
import json
import os
import re
import sys
from urllib.parse import urlsplit

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "python_modules"))

import requests  # noqa: E402
from authlib.common.security import generate_token  # noqa: E402
from authlib.integrations.flask_client import OAuth  # noqa: E402
from authlib.integrations.requests_client import OAuth1Session, OAuth2Session  # noqa: E402
from flask import Flask, jsonify  # noqa: E402


def oauth1(to):
    redirect_uri, provider = to["redirectURI"], to["provider"]
    session = OAuth1Session(redirect_uri=redirect_uri, **to["client"])
    session.fetch_request_token(provider + "/request_token")
    url = session.create_authorization_url(provider + "/authorize")
    if redirect_uri == "oob":
        verifier = typed(url)
    else:
        callback, _ = browse(url, redirect_uri)
        verifier = session.parse_authorization_response(callback)["oauth_verifier"]
    session.fetch_access_token(provider + "/access_token", verifier=verifier)
    return call(session, provider)


def flask1(to):
    provider = to["provider"]

    def use(client):
        client.authorize_access_token()
        return call(client, provider)

    return visit(to, use, request_token_url=provider + "/request_token",
                 authorize_url=provider + "/authorize", access_token_url=provider + "/access_token")


def call(client, provider):
    """Calls the APIs with parameters in the query, in a form, and with JSON."""
    user = client.get(provider + "/me")
    echo = provider + "/echo"
    echoes = [
        client.get(echo + "?a=1&a=0&b=%20x+y&c=%26%3D%25"),
        client.post(echo, data={"b": " x y", "é": "&=%"}),
        client.post(echo + "?q=1", json={"a": "é&="}),
    ]
    sent = echoes[-1].request.headers["Content-Type"]
    return {"user": checked(user), "echoes": [checked(echo) for echo in echoes], "sent": sent}


def oauth2(to):
    session = OAuth2Session(
        redirect_uri=to["redirectURI"], **to["client"])
    url = to["provider"] + "/.well-known/oauth-authorization-server"
    server = checked(requests.get(url, timeout=10))
    verifier = generate_token(48)
    url, state = session.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier)
    callback, _ = browse(url, to["redirectURI"])
    session.fetch_token(server["token_endpoint"], authorization_response=callback, state=state,
                        code_verifier=verifier)
    user = checked(session.get(to["provider"] + "/me"))
    old = session.token["access_token"]
    session.refresh_token(server["token_endpoint"])
    again = checked(session.get(to["provider"] + "/me"))
    refreshed = again == user and session.token["access_token"] != old
    session.revoke_token(server["revocation_endpoint"]).raise_for_status()
    if session.get(to["provider"] + "/me").status_code != 401:
        raise ValueError("the API takes a token that was revoked")
    return {"user": user, "refreshed": refreshed}


def flask2(to):
    def use(client):
        token = client.authorize_access_token()
        user = client.userinfo(token=token)
        renewed = []
        client._update_token = lambda token, **old: renewed.append(token)
        again = client.userinfo(token={**token, "expires_at": 1})
        refreshed = again == user and renewed[0]["access_token"] != token["access_token"]
        token["userinfo"].pop("nonce")  # checked, and not to be printed
        return {"claims": token["userinfo"], "user": user, "refreshed": refreshed}

    return visit(to, use, server_metadata_url=to["provider"] + "/.well-known/openid-configuration")


def visit(to, use, **registration):
    """Visits a site with a login, which hands its client to use in the callback."""
    site = Flask(__name__)
    site.testing = True  # which lets errors through
    site.secret_key = generate_token(48)
    client = OAuth(site).register("provider", **registration, **to["client"])
    path = urlsplit(to["redirectURI"]).path
    site.add_url_rule("/login", "login", lambda: client.authorize_redirect(to["redirectURI"]))
    site.add_url_rule(path, "callback", lambda: jsonify(use(client)), methods=["GET", "POST"])
    visitor = site.test_client()
    callback, form = browse(visitor.get("/login").location, to["redirectURI"])
    if form is not None:
        return visitor.post(path, data=form).json
    return visitor.get(path + "?" + urlsplit(callback).query).json


def browse(url, redirect_uri):
    """Plays the browser: one request, whose answer sends it back by a redirect or by a form."""
    answer = requests.get(url, allow_redirects=False, timeout=10)
    if answer.status_code in (302, 303):
        callback, form = answer.headers["Location"], None
    else:
        callback, form = posted(answer)
    if callback.partition("?")[0] != redirect_uri.partition("?")[0]:
        raise ValueError("the provider sends the browser to something not the redirect URI")
    return callback, form


def posted(answer):
    action = re.search(r'<form method="post" action="([^"]*)"', answer.text)
    if answer.status_code != 200 or action is None:
        raise ValueError(f"authorization: status {answer.status_code}: {answer.text}")
    inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', answer.text)
    return html.unescape(action[1]), {name: html.unescape(value) for name, value in inputs}


def typed(url):
    """Returns the verifier of a login out of band, which the provider shows."""
    return re.search(r"\b[A-Z2-7]{26}\b", requests.get(url, timeout=10).text)[0]


def checked(answer):
    if not answer.ok:
        raise ValueError(f"{urlsplit(answer.url).path}: status {answer.status_code}: {answer.text}")
    return answer.json()


def main(kind, settings):
    to = json.loads(settings)
    os.environ["NO_PROXY"] = "*"
    if to.get("certificate"):
        os.environ["REQUESTS_CA_BUNDLE"] = to["certificate"]
    print(json.dumps(kinds[kind](to)))


kinds = {"oauth1": oauth1, "flask1": flask1, "oauth2": oauth2, "flask2": flask2}
if len(sys.argv) != 3 or sys.argv[1] not in kinds:
    sys.exit("usage: python3 rp.py oauth1|flask1|oauth2|flask2 SETTINGS")
try:
    main(*sys.argv[1:])
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
