// Somebody changes the person behind Tenure's back.
import { url } from '../lib/browser.mjs';
import { assert, eventually, says, text } from '../lib/check.mjs';
import { groupOf, human, idOf, leaver, tenure } from '../lib/tenure.mjs';
import { COLLEAGUE } from './account.mjs';

/** Where she is a member when it is planned, and is not any more when it is looked at. */
const GROUP = 'Project Aurora';

const main = page => text(page.locator('main'));

export const tests = [
  {
    name: 'what somebody changes behind a plan voids it, is named, and is planned and approved again',
    async run(t) {
      const later = new Date(Date.now() + 3 * 3_600_000).toISOString();
      const plan = await leaver('amira.haddad@contoso.example', { more: ['--at', later] });
      const page = await t.page(plan.path);
      await says(page, GROUP);
      const change = { do: 'remove-from-group', user: await idOf('contoso', 'amira.haddad@contoso.example'), group: await groupOf('contoso', GROUP) };
      await human('contoso', change);
      // What somebody changed is read a while later: the cloud's copies lag.
      await eventually('a look says that the version is void', async () => {
        const again = page.waitForEvent('load', { timeout: 30_000 });
        await page.getByRole('button', { name: 'Look at the tenant now' }).click();
        await again;
        return /this version is void/i.test(await main(page));
      }, 60);
      const band = await text(page.locator('.band.st-void'));
      assert.match(band, new RegExp(GROUP), `the band names what changed: ${band}`);
      await page.locator('.band.st-void').getByRole('button', { name: 'Plan again' }).click();
      await page.waitForURL(at => /\/plans\/p-/.test(at.pathname) && !at.pathname.endsWith(plan.id), { timeout: 40_000 });
      await says(page, 'Versions');
      const approve = page.getByRole('button', { name: /^Approve/ });
      if (await approve.count()) await approve.click();
      else {
        // Who planned it again asked for it as well, so another one decides.
        await says(page, /another approver/);
        await tenure('approve', new URL(page.url()).pathname.split('/').at(-1), '--as', COLLEAGUE);
        await page.reload();
      }
      await eventually('it is approved', async () => /\/runs\//.test(page.url()) || /approved/i.test(await main(page)));
      const { id } = (await tenure('plan', 'list')).find(one => one.upn === 'amira.haddad@contoso.example' && one.id !== plan.id);
      await page.goto(url(`/t/contoso/plans/${id}`));
      await page.getByRole('link', { name: 'Compare' }).first().click();
      await says(page, 'What changed');
      await says(page, GROUP);
    },
  },
];
