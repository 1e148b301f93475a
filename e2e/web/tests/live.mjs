// A live run when the line breaks.
import { url } from '../lib/browser.mjs';
import { assert, eventually, text } from '../lib/check.mjs';
import { line } from '../lib/line.mjs';
import { leaver } from '../lib/tenure.mjs';
import { carry } from './way.mjs';

export const tests = [
  {
    name: 'a line that breaks is named with its time, and taken up again without loading the page',
    async run(t) {
      const plan = await leaver('maria.sandoval@fabrikam.example', { tenant: 'fabrikam', by: 'people@fabrikam.example' });
      const context = await t.device({ state: t.admin, loud: true });
      const page = await context.newPage();
      await page.goto(url(plan.path));
      await carry(page);
      const wire = await line(process.env.TENURE_URL);
      t.after.push(wire.close);
      await page.goto(wire.url(new URL(page.url()).pathname));
      await page.evaluate(() => { window.stayed = true; });
      const lost = page.locator('[data-lost]');
      await eventually('the page is live', () => page.evaluate(() => document.body.dataset.live === 'on'));
      wire.cut();
      await eventually('the page says since when it is not live', async () => /^Not live since \d\d:\d\d:\d\d, trying again$/.test(await lost.textContent()));
      assert.ok(await lost.isVisible(), 'the sentence is seen');
      assert.ok((await page.locator('.steps .step').count()) > 5, 'the steps stay');
      assert.equal(await page.locator('.steps').evaluate(e => getComputedStyle(e).opacity), '1', 'and are not greyed');
      wire.mend();
      await eventually('the sentence goes', async () => !(await lost.isVisible()), 40);
      await eventually('the run ends on the page', async () => /completed|review/i.test(await text(page.locator('#run-chip .chip').first())), 150);
      assert.ok(await page.evaluate(() => window.stayed), 'the page was never loaded again');
      const told = await text(page.locator('#live'));
      assert.match(told, /The run (is completed|needs review)/, 'the end is said once to those who listen');
      assert.match(await page.title(), /^[✓!] /, 'the tab shows the end');
    },
  },
];
