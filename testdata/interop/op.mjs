// An OpenID provider for one client, made of the npm package oidc-provider:
//
//   node op.mjs CLIENT_ID CLIENT_SECRET REDIRECT_URI [CLIENTS]
//
// CLIENTS is a file with a JSON array of the metadata of further clients. It makes new keys
// each time it starts, and does all that the package can of OpenID Connect Core 1.0, JARM and
// RFC 9101. It listens on the loopback port OP_PORT, or a free one, and prints one line when
// it is ready:
// {"issuer":"http://127.0.0.1:PORT"}. It ends on SIGTERM, SIGINT, or when its
// standard input closes. Everything else it has to say goes to standard error.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

// The package's notices would otherwise share standard output with our line.
console.info = console.error;
const { Provider } = await import("oidc-provider");

const args = process.argv.slice(2);
if (args.length !== 3 && args.length !== 4) {
  console.error("usage: node op.mjs CLIENT_ID CLIENT_SECRET REDIRECT_URI [CLIENTS]");
  process.exit(2);
}

const ACR = "urn:example:silver"; // of every login
const RESPONSE_TYPES = [
  "code", "code id_token", "code token", "code id_token token", "id_token", "id_token token",
];

const server = createServer();
await new Promise((resolve, reject) => {
  server.once("error", reject);
  server.listen(Number(process.env.OP_PORT ?? 0), "127.0.0.1", resolve);
});
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, configuration(...args));
provider.on("server_error", (ctx, err) => console.error(err));
server.on("request", route(provider.callback()));

for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, stop);
process.stdin.once("close", stop).resume();
console.log(JSON.stringify({ issuer }));

function stop() {
  server.close(() => process.exit(0));
  server.closeAllConnections();
}

function configuration(clientID, secret, redirectURI, file) {
  const others = file === undefined ? [] : JSON.parse(readFileSync(file, "utf8"));
  return {
    clients: [client(clientID, secret, redirectURI), ...others],
    jwks: { keys: keys() },
    enabledJWA: algorithms(),
    responseTypes: RESPONSE_TYPES,
    acrValues: [ACR, "urn:example:gold"], // of which no login gets the second
    cookies: { keys: [randomBytes(32).toString("base64url")] },
    claims: {
      openid: ["sub"],
      profile: ["name", "preferred_username"],
      email: ["email", "email_verified"],
    },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => claimsOf(sub) }),
    pkce: { required: () => true }, // S256 is the only method the package has
    issueRefreshToken: (ctx, client) => client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      claimsParameter: { enabled: true },
      encryption: { enabled: true },
      jwtResponseModes: { enabled: true },
      jwtUserinfo: { enabled: true },
      requestObjects: { enabled: true },
    },
    scopes: ["openid", "offline_access", "api:read"],
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

// keys returns one to sign with for each type, and two to encrypt request objects with.
function keys() {
  const make = (use, type, options) => ({
    ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }),
    ...use,
  });
  return [
    make({ use: "sig" }, "rsa", { modulusLength: 2048 }),
    make({ use: "sig" }, "ec", { namedCurve: "P-256" }),
    make({ use: "sig" }, "ed25519"),
    make({ use: "enc", alg: "RSA-OAEP-256" }, "rsa", { modulusLength: 2048 }),
    make({ use: "enc", alg: "ECDH-ES" }, "ec", { namedCurve: "P-256" }),
  ];
}

function algorithms() {
  const signing = ["RS256", "PS256", "ES256", "EdDSA", "HS256"];
  const uses = ["idToken", "userinfo", "authorization", "requestObject"];
  return Object.fromEntries(uses.map((use) => [`${use}SigningAlgValues`, signing]));
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

function route(rest) {
  return (req, res) => {
    if (!req.url.startsWith("/interaction/")) return rest(req, res);
    interact(req, res).catch((err) => {
      console.error(err);
      res.writeHead(400, { "content-type": "text/plain" }).end("interaction failed\n");
    });
  };
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
