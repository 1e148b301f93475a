// A certified OpenID provider in memory, for `cargo xtask oidc`: two accounts, a login form, and keys that change on demand.
// It prints its issuer when it listens, and ends with its standard input. For tests alone: the secrets stand in this file.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const PASSWORD = 'open sesame, please';
const accounts = new Map([
  ['ann', { email: 'ann.lee@contoso.example', email_verified: true, name: 'Ann Lee' }],
  ['ben', { email: 'ben.ode@contoso.example', email_verified: false, name: 'Ben Ode' }],
]);

let turn = 0;
const signingKey = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  turn += 1;
  return { ...privateKey.export({ format: 'jwk' }), kid: `key-${turn}`, use: 'sig', alg: 'RS256' };
};

// One memory for all instances: with its own, a change of keys would also forget every code, token and session, which it must not.
const kept = new Map();
class Memory {
  constructor(model) {
    this.model = model;
  }
  key(id) {
    return `${this.model}:${id}`;
  }
  async upsert(id, payload) {
    kept.set(this.key(id), payload);
  }
  async find(id) {
    return kept.get(this.key(id));
  }
  async findByUid(uid) {
    return [...kept].find(([key, payload]) => key.startsWith(`${this.model}:`) && payload.uid === uid)?.[1];
  }
  async findByUserCode() {
    return undefined;
  }
  async consume(id) {
    kept.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) {
    kept.delete(this.key(id));
  }
  async revokeByGrantId(grantId) {
    for (const [key, payload] of kept) if (payload.grantId === grantId) kept.delete(key);
  }
}

const build = (issuer) =>
  new Provider(issuer, {
    adapter: Memory,
    clients: [
      {
        client_id: 'tenure',
        client_secret: 'a-secret-for-tests-alone-0123456789',
        redirect_uris: ['http://127.0.0.1:9/sign-in/back'],
      },
    ],
    jwks: { keys: [signingKey()] },
    cookies: { keys: ['cookies-for-tests-alone'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_ctx, id) =>
      accounts.has(id) ? { accountId: id, claims: () => ({ sub: id, ...accounts.get(id) }) } : undefined,
    // Consent is given beforehand, as administrators do for their own applications.
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    renderError(ctx, out) {
      ctx.type = 'json';
      ctx.body = out;
    },
  });

let provider;
let answer;
const rotate = () => {
  // A new instance with new keys, over the same memory.
  provider = build(issuer());
  answer = provider.callback();
};

const read = async (request) => {
  let body = '';
  for await (const part of request) body += part;
  return new URLSearchParams(body);
};

const interaction = async (request, response) => {
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html');
    response.end('<form method="post"><input name="account"><input name="password" type="password"><button>Sign in</button></form>');
    return;
  }
  const form = await read(request);
  const known = accounts.has(form.get('account')) && form.get('password') === PASSWORD;
  const result = known
    ? { login: { accountId: form.get('account') } }
    : { error: 'access_denied', error_description: 'End-User aborted interaction' };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
};

const server = createServer(async (request, response) => {
  try {
    if (request.method === 'POST' && request.url === '/test/rotate') {
      rotate();
      response.end('rotated');
    } else if (request.url.startsWith('/interaction/')) {
      await interaction(request, response);
    } else {
      await answer(request, response);
    }
  } catch (error) {
    console.error(error);
    response.statusCode = 500;
    response.end(String(error));
  }
});

const issuer = () => `http://127.0.0.1:${server.address().port}`;

server.listen(0, '127.0.0.1', () => {
  rotate();
  console.log(issuer());
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
