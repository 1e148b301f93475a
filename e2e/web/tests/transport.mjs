// Behind an https address the session never travels in the open.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, eventually } from '../lib/check.mjs';
import { ADMIN } from './account.mjs';

const ADDRESS = 'https://tenure.provider.example';

/** A port that is free now. */
const free = () => new Promise(done => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});

/** Posts a form as the proxy before the app would hand it on. */
const post = (port, path, form) => new Promise((done, fail) => {
  const body = new URLSearchParams(form).toString();
  const headers = { host: new URL(ADDRESS).host, origin: ADDRESS, 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) };
  const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers }, answer => {
    answer.resume();
    done(answer);
  });
  sent.on('error', fail);
  sent.end(body);
});

export const tests = [
  {
    name: 'behind https the cookie is Secure and bound to the host, and browsers are told to stay with it',
    short: true,
    async run() {
      const folder = await mkdtemp(join(tmpdir(), 'tenure-https-'));
      await writeFile(join(folder, 'tenure.toml'), `[store]\nurl = "sqlite:tenure.db"\n\n[server]\nurl = "${ADDRESS}"\n`);
      const port = await free();
      const child = spawn(process.env.TENURE, ['--config', 'tenure.toml', 'serve', '--listen', `127.0.0.1:${port}`], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      child.stderr.on('data', data => { said += data; });
      try {
        const link = await eventually('the set-up link is printed', () => said.match(new RegExp(`${ADDRESS}(/set-up/\\S+)`))?.[1]);
        const answer = await post(port, link, { provider: 'Example IT', name: ADMIN.name, email: ADMIN.address, password: ADMIN.password, again: ADMIN.password });
        assert.equal(answer.statusCode, 303);
        const cookies = answer.headers['set-cookie'] ?? [];
        assert.ok(cookies.length > 0, 'a session is given');
        for (const cookie of cookies) {
          assert.match(cookie, /^__Host-/);
          for (const word of [/; ?Secure/i, /; ?HttpOnly/i, /; ?SameSite=(Lax|Strict)/i, /; ?Path=\/(;|$)/i]) assert.match(cookie, word);
        }
        assert.match(answer.headers['strict-transport-security'] ?? '', /max-age=\d{7,}/);
      } finally {
        const ended = new Promise(done => child.once('exit', done));
        child.kill();
        await ended;
        await rm(folder, { recursive: true });
      }
    },
  },
];
