// A relying party made of the npm package openid-client. It logs in once at a
// provider that approves without asking anything, and ends:
//
//   node rp.mjs ISSUER CLIENT_ID CLIENT_SECRET REDIRECT_URI [SCOPE]
//
// It prints one line, {"sub":...,"claims":{...},"userinfo":{...},"refreshed":true},
// or ends with status 1 and the reason on standard error. The redirect URI is
// compared and read, never fetched. SCOPE is "openid profile email" by default.
import * as oidc from "openid-client";

const args = process.argv.slice(2);
if (args.length < 4 || args.length > 5) {
  console.error("usage: node rp.mjs ISSUER CLIENT_ID CLIENT_SECRET REDIRECT_URI [SCOPE]");
  process.exit(2);
}
try {
  console.log(JSON.stringify(await logIn(...args)));
} catch (err) {
  console.error(reason(err));
  process.exitCode = 1;
}

async function logIn(issuer, clientID, secret, redirectURI, scope = "openid profile email") {
  const config = await discover(issuer, clientID, secret);
  const tokens = await codeGrant(config, redirectURI, scope);
  const { nonce, ...claims } = tokens.claims(); // checked, and not to be printed
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  const refreshed = await refresh(config, tokens.refresh_token, claims.sub);
  return { sub: claims.sub, claims, userinfo, refreshed };
}

function discover(issuer, clientID, secret) {
  const metadata = { token_endpoint_auth_method: "client_secret_basic" };
  // Plain HTTP, as the provider is on loopback; and ID tokens are to be verified
  // with the provider's keys even when they come straight from it.
  const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks];
  const basic = oidc.ClientSecretBasic(secret);
  return oidc.discovery(new URL(issuer), clientID, metadata, basic, { execute });
}

async function codeGrant(config, redirectURI, scope) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const expectedState = oidc.randomState();
  const expectedNonce = oidc.randomNonce();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectURI,
    scope,
    // OpenID Connect Core 1.0, Section 11: offline_access asks for consent.
    ...(scope.split(" ").includes("offline_access") && { prompt: "consent" }),
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    nonce: expectedNonce,
  });
  const callback = await authorize(url, redirectURI);
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return oidc.authorizationCodeGrant(config, callback, checks);
}

// authorize plays the browser: one request, whose answer sends it back.
async function authorize(url, redirectURI) {
  const response = await fetch(url, {
    redirect: "manual",
    signal: AbortSignal.timeout(10_000),
  });
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
