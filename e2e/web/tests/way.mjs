// The way of a request: form, plan, approval, live run, certificate; and where it ends early.
import { url } from '../lib/browser.mjs';
import { assert, eventually, says, text } from '../lib/check.mjs';
import { faults, leaver, over, tenure } from '../lib/tenure.mjs';
import { COLLEAGUE } from './account.mjs';

/** What one path segment of an address says. */
const segment = (page, name) => new URL(page.url()).pathname.split('/')[new URL(page.url()).pathname.split('/').indexOf(name) + 1];

/** Fills the form for a leaver; without a script the person is found by the button. */
export async function ask(page, who, script = true) {
  await page.goto(url('/t/contoso/requests/new?kind=offboard'));
  const person = page.locator('#f-person');
  if (script) await person.pressSequentially(who, { delay: 30 });
  else {
    await person.fill(who);
    await page.getByRole('button', { name: 'Find' }).click();
  }
  await page.locator('#found').getByRole('radio').first().check();
  await page.getByRole('button', { name: 'Plan it' }).click();
  await page.waitForURL(/\/t\/contoso\/plans\/p-/, { timeout: 40_000 });
  return segment(page, 'plans');
}

/** Approves the plan on the page and gets to its run: begun with the approval, or by its own button. */
export async function carry(page) {
  await page.getByRole('button', { name: /^Approve/ }).click();
  await begin(page);
}

export async function begin(page) {
  const act = page.getByRole('button', { name: 'Begin the run' }).or(page.getByRole('link', { name: /Watch the run|Open the run/ })).first();
  const there = () => /\/runs\/r-/.test(page.url());
  await eventually('the plan can be begun', async () => there() || act.isVisible());
  if (!there()) await act.click();
  await page.waitForURL(/\/runs\/r-/);
}

const chip = page => text(page.locator('#run-chip .chip').first());

export const tests = [
  {
    name: 'form to plan to approval to live run to certificate',
    short: true,
    async run(t) {
      const page = await t.page('/today');
      const plan = await ask(page, 'Nora');
      await says(page, 'Nora Lindqvist');
      // Whoever asked does not decide.
      assert.equal(await page.getByRole('button', { name: /^Approve/ }).count(), 0, 'one may not approve what one asked for');
      await says(page, /another approver|asked for/);
      await tenure('approve', plan, '--as', COLLEAGUE);
      await page.reload();
      await begin(page);
      const run = segment(page, 'runs');
      await page.evaluate(() => { window.stayed = true; });
      const seen = new Set();
      await eventually('the run ends on the page', async () => {
        seen.add(await text(page.locator('.steps')));
        return /completed|review/i.test(await chip(page));
      }, 150);
      assert.ok(seen.size >= 4, `the steps moved on the page ${seen.size} times`);
      assert.ok(await page.evaluate(() => window.stayed), 'the page was never loaded again');
      t.run = { id: run, path: `/t/contoso/runs/${run}`, plan: `/t/contoso/plans/${plan}` };
      await page.getByRole('link', { name: /Certificate|Statement/i }).click();
      await page.waitForURL(/\/certificate$/);
      const { digest } = await tenure('plan', 'show', plan);
      await says(page, digest);
      await says(page, 'Access closed');
      await page.context().close();
    },
  },
  {
    name: 'a plan is refused with a reason',
    async run(t) {
      const plan = await leaver('liam.byrne@contoso.example');
      const page = await t.page(plan.path);
      await page.locator('summary', { hasText: 'Refuse' }).click();
      await page.getByLabel(/Why you refuse/).fill('He stays until the spring.');
      await page.getByRole('button', { name: 'Refuse the plan' }).click();
      await page.waitForURL(url(plan.path));
      await says(page, 'Refused');
      await says(page, 'stays until the spring');
      assert.equal(await page.getByRole('button', { name: /^Approve/ }).count(), 0);
      await page.context().close();
    },
  },
  {
    name: 'a finding is handled with a reason and opened again',
    async run(t) {
      await faults([{ effect: { do: 'fail-before', status: 403 }, cmdlet: 'Set-MailboxAutoReplyConfiguration' }]);
      const plan = await leaver('elin.sato@contoso.example');
      const page = await t.page(plan.path);
      await carry(page);
      const run = segment(page, 'runs');
      await over(run);
      await faults([]);
      await page.goto(url('/t/contoso/findings'));
      await page.getByRole('link', { name: /auto|repl/i }).first().click();
      await page.locator('summary', { hasText: 'Mark handled' }).click();
      await page.getByLabel(/What was done about it/).fill('short');
      await page.getByRole('button', { name: 'Mark handled', exact: true }).click();
      await says(page, '10 characters');
      await page.getByLabel(/What was done about it/).fill('Set by hand in the Exchange admin centre.');
      await page.getByRole('button', { name: 'Mark handled', exact: true }).click();
      await eventually('it is handled', async () => {
        await page.reload();
        return /Set by hand/.test(await page.locator('main').innerText());
      });
      await page.locator('summary', { hasText: 'Open again' }).click();
      await page.getByLabel(/Why it is open again/).fill('The reply was gone the next day.');
      await page.getByRole('button', { name: 'Open again', exact: true }).click();
      await eventually('it is open', async () => {
        await page.reload();
        return (await page.locator('summary', { hasText: 'Mark handled' }).count()) > 0;
      });
      await page.context().close();
    },
  },
  {
    name: 'the undo of a run is planned',
    async run(t) {
      assert.ok(t.run, 'a run has ended before');
      const page = await t.page(t.run.path);
      await page.locator('summary', { hasText: 'More' }).click();
      await page.getByRole('button', { name: 'Plan the undo' }).click();
      await page.waitForURL(/\/plans\/p-/, { timeout: 40_000 });
      await says(page, 'Nora Lindqvist');
      await page.context().close();
    },
  },
];
