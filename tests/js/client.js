// A standard JavaScript client that knows the issuer and its own registration, and nothing else of the broker.
//
//   node client.js '{"issuer": …, "client_id": …, "redirect_uri": …, "keys": […]}'
//
// It prints the address to open, reads from its standard input where the browser was led, and prints as JSON
// what every step gave.

import { createInterface } from "node:readline/promises";
import * as oauth from "oauth4webapi";

const given = JSON.parse(process.argv[2]);
const insecure = { [oauth.allowInsecureRequests]: true }; // the tests' issuer is on loopback
const issuer = new URL(given.issuer);
const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure }),
);
const client = { client_id: given.client_id };
const auth = oauth.None();
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
const options = { DPoP, ...insecure };
const nonces = [];

// RFC 9449 §8: whoever is told a nonce sends the request again with it.
async function withNonce(name, send) {
  try {
    return await send();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    nonces.push(name);
    return await send();
  }
}

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const details = [{ type: "ccx_preferences", keys: given.keys, include_defaults: true }];
const pushed = await withNonce("par", async () =>
  oauth.processPushedAuthorizationResponse(
    as,
    client,
    await oauth.pushedAuthorizationRequest(
      as,
      client,
      auth,
      {
        response_type: "code",
        redirect_uri: given.redirect_uri,
        scope: "offline_access",
        authorization_details: JSON.stringify(details),
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
        state,
      },
      options,
    ),
  ),
);

const authorize = new URL(as.authorization_endpoint);
authorize.searchParams.set("client_id", client.client_id);
authorize.searchParams.set("request_uri", pushed.request_uri);
console.log(authorize.href);
const lines = createInterface({ input: process.stdin });
const { value: back } = await lines[Symbol.asyncIterator]().next();
lines.close();

const parameters = oauth.validateAuthResponse(as, client, new URL(back), state);
const tokens = await withNonce("code", async () =>
  oauth.processAuthorizationCodeResponse(
    as,
    client,
    await oauth.authorizationCodeGrantRequest(
      as,
      client,
      auth,
      parameters,
      given.redirect_uri,
      verifier,
      options,
    ),
  ),
);

const read = (token) =>
  withNonce("read", async () => {
    const url = new URL("/v1/preferences", issuer);
    const answer = await oauth.protectedResourceRequest(token, "GET", url, undefined, null, options);
    return answer.json();
  });
const first = await read(tokens.access_token);

const refreshed = await withNonce("refresh", async () =>
  oauth.processRefreshTokenResponse(
    as,
    client,
    await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, options),
  ),
);
const second = await read(refreshed.access_token);

await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, auth, refreshed.refresh_token, insecure),
);
let afterwards;
try {
  await read(refreshed.access_token);
  afterwards = "it still reads";
} catch (error) {
  afterwards = error.status;
}

console.log(JSON.stringify({ tokens, first, refreshed, second, afterwards, nonces }));
