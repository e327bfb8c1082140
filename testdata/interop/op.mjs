// An OpenID provider for one client, made of the npm package oidc-provider:
//
//   node op.mjs CLIENT_ID CLIENT_SECRET REDIRECT_URI [CLIENTS]
//
// CLIENTS is a file with a JSON array of the metadata of further clients. It makes new keys
// each time it starts, and does all that the package can of what vouchsafe has. It listens on
// a free loopback port and prints one line when it is ready:
// {"issuer":"http://127.0.0.1:PORT"}. It ends on SIGTERM, SIGINT, or when its
// standard input closes. Everything else it has to say goes to standard error.
//
// What it requests of clients at https://client.example.com goes to the origin OP_CLIENTS.
// Tests turn its keys and its clock:
//
//   POST /test/keys?keep=old   new keys that sign, and the old ones still in the key set
//   POST /test/keys            new keys alone
//   POST /test/clock?ahead=90  its time is 90 seconds later than the true one
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

// The package's notices would otherwise share standard output with our line.
console.info = console.error;
const { Provider, errors } = await import("oidc-provider");
const { createMemoryAdapter } = await import("oidc-provider/lib/adapters/memory_adapter.js");

const args = process.argv.slice(2);
if (args.length !== 3 && args.length !== 4) {
  console.error("usage: node op.mjs CLIENT_ID CLIENT_SECRET REDIRECT_URI [CLIENTS]");
  process.exit(2);
}

const ACR = "urn:example:silver"; // of every login
const RESPONSE_TYPES = [
  "code", "code id_token", "code token", "code id_token token", "id_token", "id_token token",
];
const CLIENT_SITE = "https://client.example.com";
const REGISTRATION_TOKEN = "an-initial-access-token"; // which registration asks for

// What outlives a change of keys.
const adapter = createMemoryAdapter(15);
const cookieKeys = [randomBytes(32).toString("base64url")];
let ahead = 0; // seconds
const now = Date.now;
Date.now = () => now() + ahead * 1000;

const server = createServer();
await new Promise((resolve, reject) => {
  server.once("error", reject);
  server.listen(0, "127.0.0.1", resolve);
});
const issuer = `http://127.0.0.1:${server.address().port}`;
let jwks = keys();
let provider, answer; // of the keys of now
open();
server.on("request", route);

for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, stop);
process.stdin.once("close", stop).resume();
console.log(JSON.stringify({ issuer }));

function open() {
  provider = new Provider(issuer, configuration(...args));
  provider.on("server_error", (ctx, err) => console.error(err));
  provider.on("backchannel.error", (ctx, err) => console.error(err));
  answer = provider.callback();
}

function stop() {
  server.close(() => process.exit(0));
  server.closeAllConnections();
}

function configuration(clientID, secret, redirectURI, file) {
  const others = file === undefined ? [] : JSON.parse(readFileSync(file, "utf8"));
  return {
    clients: [client(clientID, secret, redirectURI), ...others],
    jwks: { keys: jwks },
    enabledJWA: algorithms(),
    adapter,
    fetch: fetchFromClient,
    responseTypes: RESPONSE_TYPES,
    acrValues: [ACR, "urn:example:gold"], // of which no login gets the second
    cookies: { keys: cookieKeys },
    claims: {
      openid: ["sub"],
      profile: ["name", "preferred_username"],
      email: ["email", "email_verified"],
    },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => claimsOf(sub) }),
    subjectTypes: ["public", "pairwise"],
    pairwiseIdentifier: (ctx, sub, { sectorIdentifier }) =>
      createHash("sha256").update(`${sectorIdentifier} ${sub}`).digest("base64url"),
    pkce: { required: () => true }, // S256 is the only method the package has
    issueRefreshToken: (ctx, client) => client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      claimsParameter: { enabled: true },
      encryption: { enabled: true },
      jwtIntrospection: { enabled: true },
      jwtResponseModes: { enabled: true },
      jwtUserinfo: { enabled: true },
      registration: { enabled: true, initialAccessToken: REGISTRATION_TOKEN },
      registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
      requestObjects: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: resourceServer },
    },
    scopes: ["openid", "offline_access", "api:read", "api:write"],
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    renderError: (ctx, out) => {
      ctx.type = "text";
      ctx.body = Object.entries(out).map((pair) => pair.join(": ") + "\n").join("");
    },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      ClientCredentials: 600,
      DeviceCode: 600,
      Grant: 3600,
      IdToken: 600,
      Interaction: 600,
      RefreshToken: 3600,
      Session: 3600,
    },
  };
}

function client(clientID, secret, redirectURI) {
  return {
    client_id: clientID,
    client_secret: secret,
    redirect_uris: [redirectURI],
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    id_token_signed_response_alg: "RS256",
  };
}

// keys returns one for each kind of signature, and for each of encryption.
function keys() {
  const make = (use, type, options) => ({
    ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }),
    use,
  });
  return [
    make("sig", "rsa", { modulusLength: 2048 }),
    make("sig", "ec", { namedCurve: "P-256" }),
    make("sig", "ec", { namedCurve: "P-384" }),
    make("sig", "ec", { namedCurve: "P-521" }),
    make("sig", "ed25519"),
    make("enc", "rsa", { modulusLength: 2048 }),
    make("enc", "ec", { namedCurve: "P-256" }),
  ];
}

// All that the package has but post-quantum signatures.
function algorithms() {
  const sizes = ["256", "384", "512"];
  const signing = ["RS", "PS", "ES", "HS"].flatMap((kind) => sizes.map((size) => kind + size))
    .concat("EdDSA", "Ed25519");
  const management = [
    "RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512",
    "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW",
    "A128KW", "A192KW", "A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW", "dir",
  ];
  const encryption = [
    "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM",
  ];
  const uses = ["idToken", "userinfo", "authorization", "introspection", "requestObject"];
  return Object.assign({ clientAuthSigningAlgValues: signing }, ...uses.map((use) => ({
    [`${use}SigningAlgValues`]: signing,
    [`${use}EncryptionAlgValues`]: management,
    [`${use}EncryptionEncValues`]: encryption,
  })));
}

// There are two resources, https://api.example.com/one and two.
function resourceServer(ctx, resource) {
  if (!/^https:\/\/api\.example\.com\/(one|two)$/.test(resource)) {
    throw new errors.InvalidTarget();
  }
  return { scope: "api:read api:write", audience: resource, accessTokenFormat: "opaque" };
}

// The package's own dispatcher would not connect to loopback.
function fetchFromClient(url, { dispatcher, ...options }) {
  return fetch(String(url).replace(CLIENT_SITE, process.env.OP_CLIENTS), options);
}

// Whatever was typed as the login is the subject; the rest follows from it.
function claimsOf(sub) {
  return {
    sub,
    name: `Name of ${sub}`,
    preferred_username: sub,
    email: `${sub}@example.com`,
    email_verified: true,
  };
}

function route(req, res) {
  const { pathname, searchParams } = new URL(req.url, issuer);
  if (pathname.startsWith("/test/")) return res.end(turn(pathname, searchParams));
  if (!pathname.startsWith("/interaction/")) return answer(req, res);
  interact(req, res).catch((err) => {
    console.error(err);
    res.writeHead(400, { "content-type": "text/plain" }).end("interaction failed\n");
  });
}

function turn(what, params) {
  if (what === "/test/clock") ahead = Number(params.get("ahead"));
  if (what !== "/test/keys") return;
  jwks = params.has("keep") ? [...keys(), ...jwks] : keys();
  open();
}

// The user has to log in; consent follows by itself.
async function interact(req, res) {
  const details = await provider.interactionDetails(req, res);
  if (details.prompt.name === "consent") {
    const grantId = await grantAll(details);
    return provider.interactionFinished(req, res, { consent: { grantId } });
  }
  if (details.lastSubmission?.login) return provider.interactionFinished(req, res, unmet(details));
  if (req.method === "GET") return loginPage(res, details.uid);
  const accountId = await postedLogin(req);
  return provider.interactionFinished(req, res, { login: { accountId, acr: ACR } });
}

// Logging in once more would not help: the user is not the one, or no login gets that acr.
function unmet({ prompt }) {
  return { error: "login_required", error_description: prompt.reasons.join(" ") };
}

async function grantAll({ session, params, grantId, prompt }) {
  const fresh = () =>
    new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const grant = grantId ? await provider.Grant.find(grantId) : fresh();
  grant.addOIDCScope(params.scope);
  if (prompt.details.missingOIDCClaims) grant.addOIDCClaims(prompt.details.missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  return grant.save();
}

function loginPage(res, uid) {
  res.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  res.end(`<!doctype html>
<html lang="en">
<title>Log in</title>
<form method="post" action="/interaction/${uid}">
<input type="hidden" name="uid" value="${uid}">
<label>Login <input type="text" name="login" required></label>
<button type="submit">Log in</button>
</form>
</html>
`);
}

async function postedLogin(req) {
  let body = "";
  for await (const chunk of req.setEncoding("utf8")) {
    body += chunk;
    if (body.length > 4096) throw new Error("login form too long");
  }
  const login = new URLSearchParams(body).get("login");
  if (!/^[a-z0-9._-]{1,64}$/.test(login ?? "")) throw new Error("login missing or malformed");
  return login;
}
