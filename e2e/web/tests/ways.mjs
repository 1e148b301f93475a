// The same without a script, with the keys alone, on a phone; and the policy editor.
import { url } from '../lib/browser.mjs';
import { assert, eventually, says, text } from '../lib/check.mjs';
import { leaver, over, policy } from '../lib/tenure.mjs';
import { ask, carry } from './way.mjs';

export const tests = [
  {
    name: 'an approval on a phone: what, when, what cannot return, one button',
    short: true,
    async run(t) {
      const plan = await leaver('hugo.falk@fabrikam.example', { tenant: 'fabrikam', by: 'people@fabrikam.example' });
      const page = await t.page(`${plan.path}/approve`, { width: 390, hasTouch: true, isMobile: true });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `the page is ${wide} px too wide`);
      await says(page, 'Hugo Falk');
      const button = page.getByRole('button', { name: /^Approve/ });
      const box = await button.boundingBox();
      assert.ok(box.height >= 44, `the button is ${box.height} px high`);
      assert.ok(box.y + box.height <= 844, 'the button is in reach without scrolling');
      await button.tap();
      await eventually('it is approved', async () => /approved/i.test(await text(page.locator('body'))));
      await page.context().close();
    },
  },
  {
    name: 'the main path without a script',
    async run(t) {
      const page = await t.page('/today', { script: false });
      await ask(page, 'Elin', false);
      await page.context().close();
      const plan = await leaver('tomas.novak@contoso.example');
      const decides = await t.page(plan.path, { script: false });
      await carry(decides);
      const run = new URL(decides.url()).pathname.split('/').at(-1);
      await over(run);
      await decides.reload();
      await decides.getByRole('link', { name: /Certificate|Statement/i }).click();
      await says(decides, 'tomas.novak@contoso.example');
      await decides.context().close();
    },
  },
  {
    name: 'the policy editor names the line that is wrong, then applies',
    async run(t) {
      const good = await policy('cloud-only');
      const lines = good.split('\n');
      const line = lines.findIndex(one => one.startsWith('people = 1')) + 1;
      lines[line - 1] = 'people = "many"';
      const page = await t.page('/t/contoso/policy');
      await page.locator('textarea#text').fill(lines.join('\n'));
      await eventually('the check names the line', async () => (await text(page.locator('#check'))).includes(`Line ${line}`));
      await page.getByLabel('Why').fill('A trial');
      await page.getByRole('button', { name: /^Apply as version/ }).click();
      await says(page, `Line ${line}`);
      await page.locator('textarea#text').fill(good.replace('people = 1', 'people = 1 # one is enough here'));
      await eventually('the check is content', async () => /Checked/.test(await text(page.locator('#check'))));
      await page.getByLabel('Why').fill('Say why one approver is enough');
      await page.getByRole('button', { name: /^Apply as version/ }).click();
      await eventually('version 2 is in force', async () => /version 3/.test(await text(page.locator('#policy'))) || /version 2/i.test(await text(page.locator('main'))));
      await page.context().close();
    },
  },
];
