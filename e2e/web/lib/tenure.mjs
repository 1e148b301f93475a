// Tenure's command line and the sandbox's control plane: what other people do while somebody looks at the browser.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const { TENURE, TENURE_FOLDER, SANDBOX_URL } = process.env;

export const DIRECTORIES = {
  contoso: 'c0117050-0000-4000-8000-000000000001',
  fabrikam: 'fab21ca0-0000-4000-8000-000000000002',
  northwind: '40c7b1d0-0000-4000-8000-000000000003',
};

/** Runs a command and gives what it prints as data. */
export async function tenure(...words) {
  const { stdout } = await run(TENURE, ['--config', 'tenure.toml', '--json', ...words], { cwd: TENURE_FOLDER, maxBuffer: 64 << 20 });
  return stdout.trim() ? JSON.parse(stdout) : null;
}

/** A leaver's plan that HR asked for: its id, digest and address in the app. */
export async function leaver(upn, { tenant = 'contoso', by = 'hr@contoso.example', more = [] } = {}) {
  const plan = await tenure('plan', 'offboard', upn, '--tenant', tenant, '--requester', by, ...more);
  return { ...plan, path: `/t/${tenant}/plans/${plan.id}` };
}

/** A person's whole way, as other commands would carry it: waits until the run is over and gives its state. */
export async function over(run_, seconds = 150) {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const shown = await tenure('runs', 'show', run_);
    if (shown.outcome ?? shown.state?.outcome) return shown;
    if (Date.now() > until) throw new Error(`run ${run_} is not over after ${seconds} s`);
    await new Promise(done => setTimeout(done, 500));
  }
}

async function control(path, init) {
  const answer = await fetch(`${SANDBOX_URL}/sandbox/${path}`, init);
  if (!answer.ok) throw new Error(`sandbox ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
}

const post = body => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** What goes wrong in the cloud from now on. */
export const faults = rules => control('faults', post({ rule: rules }));

/** Another administrator changes something in a tenant. */
export const human = (tenant, change) => control('human', post({ tenant: DIRECTORIES[tenant], change }));

/** The cloud as it stands. */
export const world = () => control('world');

/** The object id of a person. */
export async function idOf(tenant, upn) {
  const { users } = (await world()).tenants[DIRECTORIES[tenant]];
  const found = Object.entries(users).find(([, user]) => user.user_principal_name === upn);
  if (!found) throw new Error(`${upn} is not in ${tenant}`);
  return found[0];
}

/** The object id of a group. */
export async function groupOf(tenant, name) {
  const { groups } = (await world()).tenants[DIRECTORIES[tenant]];
  const found = Object.entries(groups).find(([, group]) => group.display_name === name);
  if (!found) throw new Error(`there is no group ${name} in ${tenant}`);
  return found[0];
}

/** The example policy of a tenant. */
export const policy = name => readFile(new URL(`../../../examples/policies/${name}.toml`, import.meta.url), 'utf8');
