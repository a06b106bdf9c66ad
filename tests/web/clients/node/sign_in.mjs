// Signs in with MSAL for JavaScript, unpatched. The test sends one JSON object per line, {do, ...}, and reads one
// back: what came of it, or where the browser has to go meanwhile.
import readline from "node:readline";
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from "@azure/msal-node";

const { AUTHORITY, CLIENT_ID, CLIENT_SECRET, REDIRECT, SCOPE } = process.env;
const auth = { authority: AUTHORITY, knownAuthorities: [new URL(AUTHORITY).host], clientId: CLIENT_ID };
const app = CLIENT_SECRET
  ? new ConfidentialClientApplication({ auth: { ...auth, clientSecret: CLIENT_SECRET } })
  : new PublicClientApplication({ auth });
const scopes = [SCOPE];
let verifier;
let account;

const told = (answer) => {
  account = answer.account ?? account;
  return { token: answer.accessToken, username: answer.account?.username, id: answer.account?.homeAccountId };
};

const acts = {
  app: async () => told(await app.acquireTokenByClientCredential({ scopes })),
  begin: async () => {
    const codes = await new CryptoProvider().generatePkceCodes();
    verifier = codes.verifier;
    const wish = { scopes, redirectUri: REDIRECT, codeChallenge: codes.challenge, codeChallengeMethod: "S256" };
    return { address: await app.getAuthCodeUrl(wish) };
  },
  code: async ({ code }) =>
    told(await app.acquireTokenByCode({ code, scopes, redirectUri: REDIRECT, codeVerifier: verifier })),
  silent: async () => told(await app.acquireTokenSilent({ account, scopes, forceRefresh: true })),
  device: async () =>
    told(
      await app.acquireTokenByDeviceCode({
        scopes,
        deviceCodeCallback: (shown) => say({ uri: shown.verificationUri, code: shown.userCode }),
      }),
    ),
};

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

for await (const line of readline.createInterface({ input: process.stdin })) {
  const wanted = JSON.parse(line);
  try {
    say(await acts[wanted.do](wanted));
  } catch (fault) {
    say({ error: fault.errorCode ?? String(fault), message: fault.errorMessage ?? String(fault) });
  }
}
