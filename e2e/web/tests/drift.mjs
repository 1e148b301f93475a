// Somebody changes the person behind Tenure's back.
import { url } from '../lib/browser.mjs';
import { assert, eventually, says, text } from '../lib/check.mjs';
import { human, idOf, leaver, tenure } from '../lib/tenure.mjs';
import { COLLEAGUE } from './account.mjs';

const main = page => text(page.locator('main'));

export const tests = [
  {
    name: 'what changed between approval and run voids the plan, is named, and is planned and approved again',
    async run(t) {
      const later = new Date(Date.now() + 3 * 3_600_000).toISOString();
      const plan = await leaver('amira.haddad@contoso.example', { more: ['--at', later] });
      const page = await t.page(plan.path);
      await page.getByRole('button', { name: /^Approve/ }).click();
      await eventually('it is scheduled', async () => /scheduled|begins/i.test(await main(page)));
      const [amira, ravi] = [await idOf('contoso', 'amira.haddad@contoso.example'), await idOf('contoso', 'ravi.menon@contoso.example')];
      await human('contoso', { do: 'set', object: `users/${amira}`, field: 'manager', value: ravi });
      await page.goto(url(plan.path));
      await page.getByRole('button', { name: 'Look at the tenant now' }).click();
      await says(page, 'Approval void');
      const band = await text(page.locator('.band.st-void'));
      assert.match(band, /henrik|ravi|manager/i, `the band names what changed: ${band}`);
      assert.equal(await page.getByRole('button', { name: /^Approve/ }).count(), 0, 'a void plan is not approved');
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
      await eventually('it is approved', async () => /approved/i.test(await main(page)));
      await page.getByRole('link', { name: 'Compare' }).first().click();
      await says(page, 'What changed');
      await says(page, /henrik|manager|ravi/);
    },
  },
];
