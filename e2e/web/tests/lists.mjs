// Lists with a thousand lines.
import { assert, text } from '../lib/check.mjs';
import { look } from '../lib/walk.mjs';
import { ADMIN, begins } from './account.mjs';

const many = path => new URL(path, process.env.TENURE_MANY_URL).href;
const LISTS = ['/requests', '/plans', '/runs', '/people', '/findings', '/findings?state=handled', '/ledger', '/t/contoso/requests', '/t/contoso/plans', '/t/contoso/runs', '/t/contoso/people', '/t/contoso/findings', '/t/contoso/ledger'];
const OTHERS = ['/today', '/t/contoso/today', '/tenants', '/t/contoso', '/reports', '/t/contoso/reports', '/seats'];
const HTML = 30_000;

export const tests = [
  {
    name: 'with a thousand lines, lists have fifty and “Older”, and every page keeps its shape and its bytes',
    async run(t) {
      const first = await t.device();
      const page = await first.newPage();
      await page.goto(process.env.TENURE_MANY_SET_UP);
      await begins(page, ADMIN.password);
      await page.waitForURL(many('/today'));
      const state = await first.storageState();
      const wrong = [];
      for (const [width, dark] of [[1440, false], [1440, true], [390, false], [390, true]]) {
        const at = await (await t.device({ width, dark, state })).newPage();
        for (const path of [...LISTS, ...OTHERS]) {
          const name = `${t.shots}/pages/many${path.replace(/\W+/g, '-')}.${width}${dark ? '-dark' : '-light'}.png`;
          wrong.push(...(await look(at, many(path), name)).map(fault => `${path} ${width}${dark ? ' dark' : ''}: ${fault}`));
        }
      }
      let bytes = 0;
      page.on('requestfinished', async request => {
        if (request.resourceType() === 'document') bytes = (await request.sizes()).responseBodySize;
      });
      for (const path of [...LISTS, ...OTHERS]) {
        await page.goto(many(path), { waitUntil: 'load' });
        await page.waitForTimeout(150);
        t.say(`${String(bytes).padStart(7)} bytes  ${path}`);
        if (bytes > HTML) wrong.push(`${path}: ${bytes} bytes`);
        if (!LISTS.includes(path)) continue;
        const lines = await page.locator('main a[data-row]').count();
        if (lines > 50) wrong.push(`${path}: ${lines} lines on a page`);
        const older = page.getByRole('link', { name: 'Older' });
        if (!(await older.count())) {
          if (lines === 50) wrong.push(`${path}: nothing leads to what is older`);
          continue;
        }
        const before = await page.locator('main a[data-row]').last().getAttribute('href');
        await older.click();
        await page.waitForURL(/before=|after=|page=/);
        const after = await page.locator('main a[data-row]').last().getAttribute('href');
        assert.notEqual(after, before, `${path}: “Older” shows other lines`);
        if (!(await text(page.locator('main')))) wrong.push(`${path}: nothing on the next page`);
      }
      assert.equal(wrong.length, 0, `\n  ${wrong.join('\n  ')}`);
    },
  },
];
