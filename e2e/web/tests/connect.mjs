// A provider that begins: no tenant, one tenant by the wizard, the first policy, the first request. And what lists say when they are empty
// or hold one line.
import { assert, eventually, says, text } from '../lib/check.mjs';
import { DIRECTORIES } from '../lib/tenure.mjs';
import { look } from '../lib/walk.mjs';
import { ADMIN, begins } from './account.mjs';

const CLIENT = '7e0a4c1e-0000-4000-8000-00000000cafe';
const SECRET = 'sandbox~not-a-secret';
const { TENURE_NONE_URL } = process.env;
export const none = path => new URL(path, TENURE_NONE_URL).href;

/** What each list says with nothing in it. */
const EMPTY = {
  '/today': /first start/,
  '/findings': /no open findings/,
  '/findings?state=handled': /no finding was handled yet/,
  '/requests': /no request/,
  '/plans': /no plan/,
  '/runs': /no run|nothing has run/,
  '/people': /no plan was made for anybody yet/,
  '/tenants': /no tenant is connected/,
  '/policies': /no tenant|no policy/,
  '/seats': /no tenant/,
  '/ledger': /no tenant|nothing/,
  '/reports': /nobody left in the last 30 days/,
  '/settings/clients': /no program calls tenure yet/,
  '/settings/webhooks': /nobody is told yet/,
};

/** Every page of a list, in two modes: its words, axe, nothing wider than the window. */
async function looked(t, state, wanted) {
  const wrong = [];
  for (const [width, dark] of [[1440, false], [390, true]]) {
    const page = await (await t.device({ width, dark, state })).newPage();
    for (const [path, words] of Object.entries(wanted)) {
      const picture = t.short ? '' : `${t.shots}/pages/${t.picture}${path.replace(/\W+/g, '-')}.${width}${dark ? '-dark' : '-light'}.png`;
      wrong.push(...(await look(page, none(path), picture)).map(fault => `${path} ${width}: ${fault}`));
      const whole = (await text(page.locator('main'))).toLowerCase();
      if (!words.test(whole)) wrong.push(`${path} does not say ${words}; it says: ${whole.slice(0, 200)}`);
    }
  }
  assert.equal(wrong.length, 0, `\n  ${wrong.join('\n  ')}`);
}

export const tests = [
  {
    name: 'with nothing there, every list says so and what comes next',
    short: true,
    async run(t) {
      const device = await t.device();
      const page = await device.newPage();
      await page.goto(process.env.TENURE_NONE_SET_UP);
      await begins(page, ADMIN.password);
      await page.waitForURL(none('/today'));
      t.none = await device.storageState();
      t.picture = 'none';
      await looked(t, t.none, EMPTY);
    },
  },
  {
    name: 'a tenant is connected by the wizard, left and gone on with, and gets its policy',
    short: true,
    async run(t) {
      const page = await (await t.device({ state: t.none })).newPage();
      await page.goto(none('/today'));
      await page.getByRole('link', { name: /Connect a tenant/ }).first().click();
      await says(page, 'How shall Tenure sign in?');
      await page.getByRole('link', { name: 'An application in the tenant, with a client secret' }).click();
      await page.getByLabel('Name', { exact: true }).fill('contoso');
      await page.getByLabel('Directory (tenant) id').fill('not a guid');
      await page.getByLabel('Application (client) id').fill(CLIENT);
      await page.getByLabel('Client secret').fill(SECRET);
      await page.getByRole('button', { name: 'Keep and check' }).click();
      await says(page, 'The tenant was not kept');
      assert.equal(await page.getByLabel('Application (client) id').inputValue(), CLIENT, 'what was typed is kept');
      assert.equal(await page.getByLabel('Client secret').inputValue(), '', 'a secret is never sent back');
      await page.getByLabel('Directory (tenant) id').fill(DIRECTORIES.contoso);
      await page.getByLabel('Client secret').fill('a wrong secret');
      await page.getByRole('button', { name: 'Keep and check' }).click();
      await page.waitForURL(/\/t\/contoso\/connect/);
      await eventually('the check says what is wrong', async () => /secret|refused|not let in|sign/i.test(await text(page.locator('#check'))) && (await page.getByRole('link', { name: /Go on without|On to the policy/ }).count()) > 0);
      await page.getByRole('link', { name: 'Go on without' }).waitFor();
      // Left here, mended on the tenant's page, and gone on with.
      await page.goto(none('/t/contoso'));
      await page.locator('summary', { hasText: 'Renew secret' }).click();
      await page.getByLabel('New client secret').fill(SECRET);
      await page.getByRole('button', { name: 'Replace the credential' }).first().click();
      await says(page, 'The new credential is kept.');
      await page.goto(none('/t/contoso/connect'));
      await page.getByRole('link', { name: 'On to the policy' }).click();
      await says(page, 'What shall be done there?');
      await page.locator('main .list a').first().click();
      await page.waitForURL(/\/t\/contoso\/policy\?start=/);
      await page.getByLabel('Why').fill('The first policy');
      await page.getByRole('button', { name: 'Apply as version 1' }).click();
      await eventually('the policy is in force', async () => /version 1/i.test(await text(page.locator('.lead'))));
      await page.goto(none('/tenants'));
      await says(page, 'contoso');
    },
  },
  {
    name: 'the first request asks for a plan, and every list has one line',
    short: true,
    async run(t) {
      const page = await (await t.device({ state: t.none })).newPage();
      await page.goto(none('/t/contoso/requests/new?kind=offboard'));
      await page.locator('#f-person').pressSequentially('Liam', { delay: 20 });
      await page.locator('#found').getByRole('radio').first().check();
      await page.getByRole('button', { name: 'Plan it' }).click();
      await page.waitForURL(/\/t\/contoso\/plans\/p-/, { timeout: 40_000 });
      await says(page, 'Liam Byrne');
      t.picture = 'one';
      await looked(t, t.none, { '/today': /liam byrne|1 plan|nothing waits/, '/plans': /liam byrne/, '/requests': /liam/, '/people': /liam byrne/, '/tenants': /contoso/, '/policies': /version 1|contoso/, '/ledger': /contoso/, '/seats': /contoso|seat/, '/reports': /leaver|nobody|no /, '/settings/sign-ins': /you@provider/, '/settings/operators': /ada admin/ });
    },
  },
];
