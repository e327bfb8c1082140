// A relying party made of the npm package openid-client. It logs in once at a
// provider that approves without asking anything, and ends:
//
//   node rp.mjs ISSUER CLIENT_ID CLIENT_SECRET REDIRECT_URI [SETTINGS]
//
// It prints one line, {"sub":...,"claims":{...},"userinfo":{...},"refreshed":true},
// or ends with status 1 and the reason on standard error. The redirect URI is
// compared and read, never fetched. SETTINGS is a JSON object:
//
//   scope          "openid profile email" by default
//   flow           "code" by default; "hybrid" is code id_token, with s_hash; "implicit" is
//                  id_token, and has neither userinfo nor refreshed; "jarm" is a code in a JWT
//   responseMode   none by default
//   signingKey     a private JWK to sign a request object with
//   decryptionKey  a private JWK that ID tokens are encrypted for
import * as oidc from "openid-client";

const flows = {
  code: [],
  hybrid: [oidc.useCodeIdTokenResponseType, oidc.enableDetachedSignatureResponseChecks],
  implicit: [oidc.useIdTokenResponseType],
  jarm: [oidc.useJwtResponseMode],
};

const args = process.argv.slice(2);
if (args.length < 4 || args.length > 5) {
  console.error("usage: node rp.mjs ISSUER CLIENT_ID CLIENT_SECRET REDIRECT_URI [SETTINGS]");
  process.exit(2);
}
try {
  console.log(JSON.stringify(await logIn(...args)));
} catch (err) {
  console.error(reason(err));
  process.exitCode = 1;
}

async function logIn(issuer, clientID, secret, redirectURI, settings = "{}") {
  const to = { scope: "openid profile email", flow: "code", redirectURI, ...JSON.parse(settings) };
  const config = await discover(issuer, clientID, secret, to);
  if (to.flow === "implicit") return implicit(config, to);
  const tokens = await codeGrant(config, to);
  const { nonce, ...claims } = tokens.claims(); // checked, and not to be printed
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  const refreshed = await refresh(config, tokens.refresh_token, claims.sub);
  return { sub: claims.sub, claims, userinfo, refreshed };
}

async function discover(issuer, clientID, secret, { flow, decryptionKey }) {
  const metadata = { token_endpoint_auth_method: "client_secret_basic" };
  // Plain HTTP, as the provider is on loopback; and ID tokens are to be verified
  // with the provider's keys even when they come straight from it.
  const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks, ...flows[flow]];
  const basic = oidc.ClientSecretBasic(secret);
  const config = await oidc.discovery(new URL(issuer), clientID, metadata, basic, { execute });
  if (decryptionKey) {
    const { kid, alg } = decryptionKey;
    const key = await crypto.subtle.importKey(
      "jwk", decryptionKey, { name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
    oidc.enableDecryptingResponses(config, undefined, { key, kid, alg });
  }
  return config;
}

async function codeGrant(config, to) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const [callback, expected] = await respond(config, to, {
    // OpenID Connect Core 1.0, Section 11: offline_access asks for consent.
    ...(to.scope.split(" ").includes("offline_access") && { prompt: "consent" }),
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  const checks = { pkceCodeVerifier, ...expected, idTokenExpected: true };
  return oidc.authorizationCodeGrant(config, callback, checks);
}

async function implicit(config, to) {
  const [callback, { expectedState, expectedNonce }] = await respond(config, to, {});
  const verified = await oidc.implicitAuthentication(
    config, callback, expectedNonce, { expectedState });
  const { nonce, ...claims } = verified;
  return { sub: claims.sub, claims };
}

// respond has the provider answer a request, and says what the answer must have.
async function respond(config, to, more) {
  const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()];
  const params = {
    redirect_uri: to.redirectURI,
    scope: to.scope,
    ...(to.responseMode && { response_mode: to.responseMode }),
    ...more,
    state: expectedState,
    nonce: expectedNonce,
  };
  const url = to.signingKey
    ? await signedURL(config, params, to.signingKey)
    : oidc.buildAuthorizationUrl(config, params);
  return [await authorize(url, to.redirectURI), { expectedState, expectedNonce }];
}

// signedURL repeats beside the request object what OpenID Connect Core 1.0, Section 6.1 wants
// there; the package leaves it out, as RFC 9101 allows.
async function signedURL(config, params, jwk) {
  const url = await oidc.buildAuthorizationUrlWithJAR(config, params, await importKey(jwk));
  url.searchParams.set("response_type", "code");
  url.searchParams.set("scope", params.scope);
  return url;
}

async function importKey(jwk) {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]);
  return { key, kid: jwk.kid };
}

// authorize plays the browser: one request, whose answer sends it back by a redirect or by
// a form, which becomes a request again.
async function authorize(url, redirectURI) {
  const response = await fetch(url, {
    redirect: "manual",
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status === 200) return posted(await response.text(), redirectURI);
  const location = response.headers.get("location");
  if (![302, 303].includes(response.status) || location === null) {
    throw new Error(`authorization endpoint: status ${response.status}, want a redirect`);
  }
  const callback = new URL(location, url);
  if (callback.origin + callback.pathname !== redirectURI) {
    throw new Error("authorization endpoint: redirects to something not the redirect URI");
  }
  return callback;
}

// posted returns the request that the form of a page makes. No value in it needs unescaping
// but for the issuer's.
function posted(page, redirectURI) {
  const unescape = (text) => text.replace(/&#(\d+);/g, (_, n) => String.fromCharCode(n));
  const [, action] = /<form method="post" action="([^"]*)"/.exec(page) ?? [];
  if (unescape(action ?? "") !== redirectURI) {
    throw new Error("authorization endpoint: a page without a form for the redirect URI");
  }
  const inputs = page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
  const body = new URLSearchParams([...inputs].map(([, name, value]) => [name, unescape(value)]));
  return new Request(redirectURI, { method: "POST", body });
}

async function refresh(config, token, sub) {
  if (token === undefined) throw new Error("token endpoint: no refresh token");
  const tokens = await oidc.refreshTokenGrant(config, token);
  const again = tokens.claims()?.sub ?? sub;
  if (again !== sub) throw new Error("token endpoint: refreshed for another subject");
  await oidc.fetchUserInfo(config, tokens.access_token, sub);
  return true;
}

// reason tells an error and its causes, by fields that hold no token or code.
function reason(err) {
  const lines = [];
  for (let e = err; e instanceof Error; e = e.cause) {
    const oauth = [e.status, e.error, e.error_description].filter(Boolean).join(" ");
    const claim = e.cause?.claim === undefined ? "" : `(claim ${e.cause.claim})`;
    lines.push([e.name, e.code, e.message, oauth, claim].filter(Boolean).join(": "));
  }
  return lines.join("\ncause: ");
}
