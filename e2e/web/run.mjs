// Runs the tests in their order, on the app that `cargo xtask browser` has started. `--short`, `--only TEXT`.
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Browser, url } from './lib/browser.mjs';
import { tenure } from './lib/tenure.mjs';
import { tests as account } from './tests/account.mjs';
import { tests as connect } from './tests/connect.mjs';
import { tests as drift } from './tests/drift.mjs';
import { tests as firstView } from './tests/first-view.mjs';
import { tests as fit } from './tests/fit.mjs';
import { tests as keys } from './tests/keys.mjs';
import { tests as lists } from './tests/lists.mjs';
import { tests as live } from './tests/live.mjs';
import { tests as pages } from './tests/pages.mjs';
import { tests as transport } from './tests/transport.mjs';
import { tests as way } from './tests/way.mjs';
import { tests as ways } from './tests/ways.mjs';

const { values } = parseArgs({ options: { short: { type: 'boolean' }, only: { type: 'string' } } });
const shots = process.env.SHOTS ?? 'shots';
await mkdir(`${shots}/pages`, { recursive: true });
const browser = await Browser.start();
const say = line => process.stdout.write(`    ${line}\n`);

/** What tests share: the browser, the first account's session, and what earlier ones have made. */
const t = {
  browser, say, tenure, shots, short: values.short,
  /** A device of nobody's. */
  async device(device = {}) {
    const context = await browser.device(device);
    t.open.push(context);
    return context;
  },
  /** A page of the first account. */
  async page(path, device = {}) {
    const context = await t.device({ ...device, state: t.admin });
    const page = await context.newPage();
    await page.goto(url(path));
    return page;
  },
  open: [],
  /** What a test leaves to be taken down. */
  after: [],
};

const all = [...account, ...way, ...live, ...ways, ...keys, ...drift, ...connect, ...lists, ...pages, ...firstView, ...fit, ...transport];
// The first account is what everything else begins with.
const chosen = all.filter((test, at) => (!values.short || test.short) && (!values.only || at === 0 || new RegExp(values.only).test(test.name)));
const failed = [];
for (const test of chosen) {
  const began = Date.now();
  const before = browser.faults.length;
  let wrong;
  try {
    await test.run(t);
    if (browser.faults.length > before) wrong = new Error(browser.faults.slice(before).join('\n'));
  } catch (error) {
    wrong = error;
  }
  const took = `${((Date.now() - began) / 1000).toFixed(1)} s`;
  if (wrong) {
    failed.push(test.name);
    process.stdout.write(`FAILED  ${test.name} (${took})\n    ${String(wrong.stack ?? wrong).replaceAll('\n', '\n    ')}\n`);
    for (const [at, context] of t.open.entries()) {
      for (const page of context.pages()) {
        const file = `${shots}/${test.name.replace(/\W+/g, '-')}-${at}.png`;
        await page.screenshot({ path: file, fullPage: true }).then(() => say(`at ${page.url()}: ${file}`), () => {});
      }
    }
  } else {
    process.stdout.write(`ok      ${test.name} (${took})\n`);
  }
  for (const down of t.after.splice(0)) down();
  for (const context of t.open.splice(0)) await context.close().catch(() => {});
}
await browser.stop();
process.stdout.write(`${chosen.length - failed.length} of ${chosen.length} passed\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
